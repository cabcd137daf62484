import Foundation
import Testing

/// The real songs that `scripts/music` fetches, and short pieces of them that tests make for themselves.
enum Music {
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// `RONDO_TEST_MUSIC`, or where `scripts/music` puts the songs.
    static let folder = ProcessInfo.processInfo.environment["RONDO_TEST_MUSIC"] ?? root.path + "/.build/music"

    static func song(_ name: String) throws -> String {
        let path = folder + "/" + name
        guard FileManager.default.fileExists(atPath: path) else {
            throw Missing(description: "\(path) is missing. Run scripts/music, which fetches it.")
        }
        return path
    }

    static let formats = [
        "song.mp3", "song.flac", "song-aac.m4a", "song-alac.m4a", "song.opus", "song.wav", "song.aac",
    ].map { "formats/" + $0 }

    /// Every song there is, in the order of their names.
    static func all() throws -> [String] {
        for format in formats { _ = try song(format) }
        let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        let songs = files.filter { $0.contains("/") && $0.contains(".") && !$0.contains("XXXX") }.sorted()
        guard songs.count > formats.count else { throw Missing(description: "Run scripts/music, which fetches songs.") }
        return songs.map { folder + "/" + $0 }
    }

    /// The song of `formats` made into something else by ffmpeg, with a copy of its tags; removed with its folder by
    /// the caller.
    static func made(
        _ arguments: [String], as name: String, in folder: Folder, of source: String? = nil
    ) async throws
        -> String
    {
        let target = folder.path + "/" + name
        let input = try source ?? song("formats/song.flac")
        let run = try await Program.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", input] + arguments + ["file:" + target])
        guard run.status == 0 else {
            throw Missing(description: "ffmpeg failed: \(run.errors). Install it: sudo apt-get install ffmpeg")
        }
        return target
    }
}

/// A folder that goes away with its owner.
final class Folder {
    let path = FileManager.default.temporaryDirectory.path + "/rondo-media-" + UUID().uuidString

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { print("cannot remove \(path): \(error)") }
    }

    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(filePath: path + "/" + name))
        return path + "/" + name
    }
}

/// A program run to its end.
enum Program {
    struct Run: Sendable {
        let status: Int32
        let wasKilled: Bool
        let output: Data
        let errors: String
        /// From its start to its end, without the wait for its turn.
        let duration: Duration
    }

    /// One program at a time, away from the threads of the other tests, some of which have deadlines.
    private static let queue = DispatchQueue(label: "programs")

    /// - Parameter descriptor3: a file that the program gets as file descriptor 3.
    static func run(_ arguments: [String], descriptor3: String? = nil) async throws -> Run {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try wait(for: arguments, descriptor3) }) }
        }
    }

    private static func wait(for arguments: [String], _ descriptor3: String?) throws -> Run {
        let process = Process()
        let output = Pipe()
        let errors = Pipe()
        process.executableURL = URL(filePath: "/bin/sh")
        // The shell is the plain way to give a child a file under a number.
        let script = descriptor3 == nil ? "exec \"$@\"" : "input=$1; shift; exec \"$@\" 3<\"$input\""
        process.arguments = ["-c", script, "sh"] + (descriptor3.map { [$0] } ?? []) + arguments
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        let started = ContinuousClock.now
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Run(
            status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal, output: bytes,
            errors: text, duration: ContinuousClock.now - started)
    }
}
