import Foundation
import Linux
import Platform
import SQLiteStore

/// Two servers that do not know each other's songs meet.
enum MergeRun {
    private static let runs = 5
    /// Of each server; together they differ in twice as many entries.
    private static let songs = 5_000
    private static let patience = Duration.seconds(60)

    /// From the start of the second server's process until both list all songs.
    static func time(_ options: Options) async throws -> Figure {
        var figure = Figure("\(2 * songs) entries that one of two has, until both have them", bound: 3)
        for _ in 0..<runs { figure.times.append(try await once(options)) }
        return figure
    }

    private static func once(_ options: Options) async throws -> Double {
        let folder = options.folder + "/merging"
        try? FileManager.default.removeItem(atPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let homes = [try await library(options, folder, seed: 1), try await library(options, folder, seed: 2)]
        return try await Loop.start("merge") { try await meet(options, homes) }.value
    }

    private static func library(_ options: Options, _ folder: String, seed: UInt64) async throws -> String {
        var part = options
        (part.folder, part.songs, part.seed) = (folder, songs, seed)
        let (run, _) = try await StoreRun.open(part)
        _ = try await run.fill(part) { _ in }
        await run.store.close()
        return run.home
    }

    @Loop
    private static func meet(_ options: Options, _ homes: [String]) async throws -> Double {
        let registry = try ServerRun.Registry(options, in: homes[0])
        let first = try ServerRun(options, home: homes[0], number: 1, in: registry)
        var second: ServerRun?
        do {
            _ = try await first.untilReady()
            let began = ContinuousClock.now
            let other = try ServerRun(options, home: homes[1], number: 2, in: registry)
            second = other
            while true {
                let (left, right) = (await first.songs(), await other.songs())
                if left == 2 * songs, right == 2 * songs { break }
                guard ContinuousClock.now - began < patience else {
                    throw ServerRun.Failure(
                        description:
                            "two catalogues did not become one within \(patience): \(left ?? -1) and \(right ?? -1) songs"
                    )
                }
                await LinuxClock().sleep(for: .milliseconds(10))
            }
            let seconds = StoreRun.seconds(since: began)
            for server in [first, other] { await server.stop() }
            await registry.stop()
            return seconds
        } catch {
            for server in [first, second].compactMap(\.self) { await server.stop() }
            await registry.stop()
            throw error
        }
    }
}
