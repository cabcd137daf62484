import Foundation
import Linux
import Model
import Platform

/// How fast music comes onto the disks: what a person uploads, and what a lost server had.
@Loop
struct Storing {
    let options: Options
    let folder: String
    let clock: LinuxClock
    let say: @Loop (String) -> Void

    private static let replicas = 3

    // MARK: Uploads

    /// Real songs by `rondo client upload`, beside three copies of the same files by `cp`, and `sync`.
    func uploads() async throws -> [Figure] {
        say("uploads")
        var figure = Figure(
            "uploads of real songs, threefold and synced, to cp and sync of three copies: bytes per second", .ratio,
            .init(leastMedian: 0.4))
        var (owns, others): ([Double], [Double]) = ([], [])
        let bytes = try Self.size(of: options.music)
        for _ in 0..<max(2, options.rounds / 2) {
            let cluster = try await Cluster(data: 3, replicas: Self.replicas, options, folder: folder)
            do {
                try await Command.run("sync", [])
                let own = try await time { try await cluster.upload([options.music]) }
                let other = try await time { try await copyThrice(options.music) }
                owns.append(bytes / own / 1e6)
                others.append(bytes / other / 1e6)
                figure.samples.append(other / own)
                say(String(format: "  %.0f to %.0f MB/s", bytes / own / 1e6, bytes / other / 1e6))
                await cluster.stop()
            } catch {
                await cluster.stop()
                throw error
            }
        }
        figure.note = Self.note(owns, others) + String(format: ", %.0f MB", bytes / 1e6)
        return [figure]
    }

    private func copyThrice(_ music: String) async throws {
        let copies = folder + "/copies"
        try FileManager.default.createDirectory(atPath: copies, withIntermediateDirectories: true)
        let script = "for n in 1 2 3; do cp -r \"$1\" \"$2/$n\"; done; sync"
        try await Command.run("sh", ["-c", script, "sh", music, copies])
        try FileManager.default.removeItem(atPath: copies)
    }

    private static func size(of folder: String) throws -> Double {
        var bytes = 0.0
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(path)")
            if attributes[.type] as? FileAttributeType == .typeRegular { bytes += attributes[.size] as? Double ?? 0 }
        }
        return bytes
    }

    // MARK: Repair

    /// One of five Data servers is killed, and the time counts until every chunk is on three disks again; beside `cp`
    /// and `sha256sum` of as many bytes, at the same time.
    func repair() async throws -> [Figure] {
        say("repair of \(options.repairMegabytes) MB")
        // A server of five has three fifths of everything.
        let count = max(5, options.repairMegabytes * 5 / 3 / 100)
        let cluster = try await Cluster(data: 5, replicas: Self.replicas, options, folder: folder)
        do {
            let made = try MadeSongs.write(count, megabytes: 100, in: folder + "/made")
            try await cluster.upload(made)
            try await cluster.untilReady(6)
            try await Command.run("sync", [])
            let copied = try await copyAndHash(made)
            let figure = try await lose(cluster, beside: copied)
            await cluster.stop()
            try FileManager.default.removeItem(atPath: folder + "/made")
            return [figure]
        } catch {
            await cluster.stop()
            throw error
        }
    }

    /// - Returns: bytes per second of `cp` and `sha256sum` side by side.
    private func copyAndHash(_ files: [String]) async throws -> Double {
        let copies = folder + "/copies"
        try FileManager.default.createDirectory(atPath: copies, withIntermediateDirectories: true)
        let bytes = try Self.size(of: folder + "/made")
        let script = "target=$1; shift; cp \"$@\" \"$target\" & sha256sum \"$@\" > \"$target/sums\"; wait"
        let seconds = try await time { try await Command.run("sh", ["-c", script, "sh", copies] + files) }
        try FileManager.default.removeItem(atPath: copies)
        return bytes / seconds
    }

    private func lose(_ cluster: Cluster, beside copied: Double) async throws -> Figure {
        let victim = cluster.data[0]
        let others = cluster.data.dropFirst() + [cluster.router]
        let lost = Self.chunks(victim)
        let lostBytes = lost.values.reduce(0, +)
        let began = clock.now
        victim.send(.kill)
        let limit = began + .seconds(300)
        while clock.now < limit {
            var copies: [String: Int] = [:]
            for server in others { for name in Self.chunks(server).keys { copies[name, default: 0] += 1 } }
            if lost.keys.allSatisfy({ copies[$0, default: 0] >= Self.replicas }) { break }
            await clock.sleep(for: .milliseconds(200))
        }
        let seconds = clock.now < limit ? Double(clock.now - began) : .infinity
        var figure = Figure(
            "what a lost server had threefold again, to cp and sha256sum side by side: bytes per second", .ratio,
            .init(leastMedian: 0.6))
        figure.samples = [lostBytes / seconds / copied]
        figure.note =
            Self.note([lostBytes / seconds / 1e6], [copied / 1e6])
            + String(format: ", %.0f MB in %.1f s", lostBytes / 1e6, seconds)
        return figure
    }

    /// The chunks on a server's disk, and their bytes.
    private static func chunks(_ server: Cluster.Server) -> [String: Double] {
        let folder = URL(filePath: server.home + "/chunks")
        guard let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.fileSizeKey])
        else { return [:] }
        var found: [String: Double] = [:]
        for case let file as URL in files where file.lastPathComponent.count == 64 {
            let values = try? file.resourceValues(forKeys: [.fileSizeKey])
            found[file.lastPathComponent] = Double(values?.fileSize ?? 0)
        }
        return found
    }

    // MARK: Both

    private func time(_ body: @Loop () async throws -> Void) async rethrows -> Double {
        let began = clock.now
        try await body()
        return Double(clock.now - began)
    }

    private static func note(_ own: [Double], _ other: [Double]) -> String {
        func middle(_ values: [Double]) -> Double { Figure("", .ratio, samples: values).median ?? 0 }
        return String(format: "%.0f to %.0f MB/s", middle(own), middle(other))
    }
}
