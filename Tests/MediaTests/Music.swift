import Foundation
import Testing
import TestTools

/// Formats, and short pieces that tests make for themselves.
extension Music {
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
        _ arguments: [String], as name: String, in folder: TemporaryFolder, of source: String? = nil
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
