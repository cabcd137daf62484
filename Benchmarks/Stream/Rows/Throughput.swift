import Crypto
import Foundation
import Linux
import Model
import Platform

/// What a Router's answers cost in CPU time, beside nginx: files, relayed bytes, a song's JSON.
///
/// Router and nginx run on the first core, the load, and who is only behind them, on the second. Both get the same
/// requests in turn, so that whatever else the machine does hits both.
@Loop
final class Throughput {
    private let options: Options
    private let folder: String
    private let clock: LinuxClock
    private let say: @Loop (String) -> Void

    private static let nginxHost = HostAddress(127, 0, 80, 1)
    private static let megabyte = 1 << 20
    /// Requests that wrk goes through in turn.
    private static let askedCount = 4_000

    init(_ options: Options, folder: String, clock: LinuxClock, say: @escaping @Loop (String) -> Void) {
        self.options = options
        self.folder = folder
        self.clock = clock
        self.say = say
    }

    /// One side of a comparison.
    private struct Side {
        let endpoint: Endpoint
        let asked: [Asked]
        /// Whose CPU time counts.
        let processes: [Int32]
    }

    // MARK: A Router that holds what it serves

    /// Songs that many hear, so that whatever is worth keeping at hand is at hand; then so much music that no part of
    /// it is asked for twice in a while.
    func files() async throws -> [Figure] {
        say("a Router that holds the chunks")
        let popular = try await files(
            "1 MiB of songs that the Router holds, to nginx's files: bytes per CPU-second", port: 8101
        ) { _ in try charts() }
        let rare = try await files("… of 1 GB of music that is heard once in a while", port: 8102) {
            try MadeSongs.write(20, megabytes: 50, in: $0)
        }
        return [popular, rare]
    }

    private func files(_ name: String, port: UInt16, songs make: (String) throws -> [String]) async throws -> Figure {
        try await withCluster(data: 1, songs: make) { [self] cluster, songs in
            let nginx = try await Nginx(
                .files(folder: folder + "/files", certificate: nil), at: Endpoint(Self.nginxHost, port), on: .first,
                folder: folder)
            let figure = try await compare(
                name, least: 0.9,
                Side(
                    endpoint: cluster.router.http, asked: ranges(songs) { $0.audio },
                    processes: [cluster.router.processID]),
                Side(endpoint: nginx.endpoint, asked: ranges(songs) { "/" + $0.id }, processes: [nginx.processID]),
                connections: 16, by: { $0.bytesPerCPUSecond }, digits: (1e9, "GB"))
            await nginx.stop()
            return figure
        }
    }

    func json() async throws -> [Figure] {
        say("a song's JSON")
        return [
            try await withCluster(data: 1, songs: { _ in [options.music] }) { [self] cluster, songs in
                try await json(cluster, songs)
            }
        ]
    }

    private func json(_ cluster: Cluster, _ songs: [Song]) async throws -> Figure {
        let texts = folder + "/json"
        try FileManager.default.createDirectory(atPath: texts, withIntermediateDirectories: true)
        for song in songs {
            let bytes = try await Listener.get("/api/v1/songs/\(song.id)", at: cluster.router.http, clock: clock)
            try Data(bytes).write(to: URL(filePath: "\(texts)/\(song.id)"))
        }
        let nginx = try await Nginx(
            .files(folder: texts, certificate: nil), at: Endpoint(Self.nginxHost, 8103), on: .first, folder: folder)
        let figure = try await compare(
            "a song's JSON, to nginx's files of the same bytes: requests per CPU-second", least: 0.8,
            Side(
                endpoint: cluster.router.http, asked: songs.map { Asked(path: "/api/v1/songs/\($0.id)") },
                processes: [cluster.router.processID]),
            Side(
                endpoint: nginx.endpoint, asked: songs.map { Asked(path: "/" + $0.id) }, processes: [nginx.processID]),
            connections: 64, by: { $0.requestsPerCPUSecond }, digits: (1e3, "thousand"))
        await nginx.stop()
        return figure
    }

    // MARK: A Router that holds nothing

    func relayed() async throws -> [Figure] {
        say("a Router that holds nothing")
        try await Nginx.makeCertificate(in: folder)
        let figure = try await withCluster(
            data: 2, songs: { try MadeSongs.write(10, megabytes: 50, in: $0) }
        ) { [self] cluster, songs in
            let back = try await Nginx(
                .files(folder: folder + "/files", certificate: folder), at: Endpoint(Self.nginxHost, 8104),
                on: .second, folder: folder)
            let front = try await Nginx(
                .proxy(to: back.endpoint), at: Endpoint(Self.nginxHost, 8105), on: .first, folder: folder)
            let figure = try await compare(
                "1 MiB that a Router gets from a Data server, to nginx before nginx over TLS: bytes per CPU-second",
                least: 1.1,
                Side(
                    endpoint: cluster.router.http, asked: ranges(songs) { $0.audio },
                    processes: [cluster.router.processID] + cluster.data.map(\.processID)),
                Side(
                    endpoint: front.endpoint, asked: ranges(songs) { "/" + $0.id },
                    processes: [front.processID, back.processID]),
                connections: 16, by: { $0.bytesPerCPUSecond }, digits: (1e9, "GB"))
            await front.stop()
            await back.stop()
            return figure
        }
        return [figure]
    }

    // MARK: Both

    /// A Router on the first core and Data servers on the second, with songs on two disks, of which nginx gets copies.
    private func withCluster(
        data count: Int, songs make: (String) throws -> [String],
        _ body: @Loop (Cluster, [Song]) async throws -> Figure
    ) async throws -> Figure {
        let made = folder + "/made"
        let cluster = try await Cluster(
            data: count, replicas: 2, cores: (.first, .second), options, folder: folder)
        do {
            try await cluster.upload(try make(made))
            try? FileManager.default.removeItem(atPath: made)
            let figure = try await body(cluster, try await copies(from: cluster))
            await cluster.stop()
            try FileManager.default.removeItem(atPath: folder + "/files")
            return figure
        } catch {
            await cluster.stop()
            throw error
        }
    }

    /// A few real songs, as the charts of a day are few.
    private func charts() throws -> [String] {
        let songs = try FileManager.default.subpathsOfDirectory(atPath: options.music).sorted()
            .filter { $0.hasSuffix(".ogg") }.prefix(10).map { "\(options.music)/\($0)" }
        guard !songs.isEmpty else { throw Failure("there are no songs in \(options.music): scripts/music --all") }
        return songs
    }

    /// Writes every song of the cluster, as the Router gives it, into a file for nginx.
    /// - Throws: `Failure` where it is not what was uploaded.
    private func copies(from cluster: Cluster) async throws -> [Song] {
        let files = folder + "/files"
        try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: true)
        let songs = try await cluster.songs().filter { $0.bytes > 2 * Self.megabyte }
        for song in songs {
            let bytes = try await Listener.get(song.audio, at: cluster.router.http, clock: clock)
            guard SHA256.hash(bytes).description == song.sha256 else {
                throw Failure("the Router does not give the bytes of song \(song.id)")
            }
            try Data(bytes).write(to: URL(filePath: "\(files)/\(song.id)"))
        }
        guard !songs.isEmpty else { throw Failure("there are no songs of 2 MiB and more in \(options.music)") }
        return songs
    }

    /// A MiB from places of which a player might seek to any.
    private func ranges(_ songs: [Song], _ path: (Song) -> String) -> [Asked] {
        var noise = Noise(seed: 7)
        return (0..<Self.askedCount).map { _ in
            let song = songs[Int.random(in: songs.indices, using: &noise)]
            let start = Int.random(in: 0...(song.bytes - Self.megabyte), using: &noise)
            return Asked(path: path(song), range: start..<start + Self.megabyte)
        }
    }

    private func compare(
        _ name: String, least: Double, _ own: Side, _ other: Side, connections: Int, by rate: (Load) -> Double,
        digits: (unit: Double, name: String)
    ) async throws -> Figure {
        let wrk = Wrk(connections: connections, seconds: options.seconds, folder: folder)
        let shortly = Wrk(connections: connections, seconds: 1, folder: folder)
        // The first turn of either fills caches and finds its connections.
        for side in [own, other] {
            _ = try await shortly.run(side.asked, at: side.endpoint, spending: side.processes)
        }
        var figure = Figure(name, .ratio, .init(leastMedian: least))
        var (owns, others): ([Double], [Double]) = ([], [])
        for round in 0..<options.rounds {
            // Who goes first has no advantage from it.
            let sides = round.isMultiple(of: 2) ? [own, other] : [other, own]
            var rates: [Double] = []
            for side in sides {
                rates.append(rate(try await wrk.run(side.asked, at: side.endpoint, spending: side.processes)))
            }
            if !round.isMultiple(of: 2) { rates.reverse() }
            owns.append(rates[0])
            others.append(rates[1])
            figure.samples.append(rates[0] / rates[1])
            say(String(format: "  %.3f to %.3f %@", rates[0] / digits.unit, rates[1] / digits.unit, digits.name))
        }
        func middle(_ values: [Double]) -> Double { Figure("", .ratio, samples: values).median ?? 0 }
        figure.note = String(
            format: "%.2f to %.2f %@", middle(owns) / digits.unit, middle(others) / digits.unit, digits.name)
        return figure
    }
}
