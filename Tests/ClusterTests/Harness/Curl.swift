import Client
import Crypto
import Foundation
import Linux
import Model
import Platform

/// What curl got, and when.
struct CurlAnswer: Sendable {
    let status: Int
    let headers: [String: String]
    let body: [UInt8]
    let exit: ChildExit

    /// The code of the API's error.
    var errorCode: String? {
        let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        return (object?["error"] as? [String: Any])?["code"] as? String
    }

    var json: [String: Any] {
        ((try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any]) ?? [:]
    }
}

/// The real curl.
@Loop
enum Curl {
    static func get(_ url: String, _ arguments: [String] = [], within limit: Duration = .seconds(30)) async throws
        -> CurlAnswer
    {
        let result = try await Tool.run("curl", ["-sS", "-i", "--path-as-is"] + arguments + [url], within: limit)
        return answer(result)
    }

    static func upload(
        _ file: String, to server: RealServer, fields: [String: String] = [:], within limit: Duration = .seconds(60)
    ) async throws -> CurlAnswer {
        let extra = fields.sorted { $0.key < $1.key }.flatMap { ["-F", "\($0.key)=\($0.value)"] }
        return try await get(
            server.url + "/api/v1/songs", ["-F", "file=@\(file)", "-H", "Expect:"] + extra, within: limit)
    }

    /// A song's HLS playlist, as soon as the song is ready for segments.
    static func playlist(of song: String) async throws -> String {
        try await eventually(within: .seconds(90), "a playlist") {
            let answer = try await get(song + "/hls.m3u8")
            if answer.status == 200 { return String(decoding: answer.body, as: UTF8.self) }
            guard answer.errorCode == "rendition_pending" else {
                throw NotInTime(description: "no playlist: \(String(decoding: answer.body, as: UTF8.self))")
            }
            return nil
        }.value
    }

    private static func answer(_ result: Tool.Result) -> CurlAnswer {
        var rest = result.output[...]
        var status = 0
        var headers: [String: String] = [:]
        // Interim answers stand before the one that counts.
        while rest.starts(with: Array("HTTP/".utf8)), let end = headEnd(rest) {
            let lines = String(decoding: rest[..<end], as: UTF8.self).split(separator: "\r\n")
            status = lines.first.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") } ?? 0
            headers = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2 {
                    headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
                }
            }
            rest = rest[(end + 4)...]
            if status >= 200 { break }
        }
        return CurlAnswer(status: status, headers: headers, body: Array(rest), exit: result.exit)
    }

    private static func headEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        return bytes.indices.first { bytes[$0...].starts(with: mark) }
    }
}

/// A song that plays slowly, as a listener's player reads it, with the longest pause that it made.
@Loop
final class Listener {
    private let child: ChildProcess
    private let clock: LinuxClock
    private var digest = SHA256()
    private(set) var bytes = 0
    private(set) var longestPause = Duration.zero
    private var task: Task<ContentHash, any Error>?

    /// curl, whose own `--limit-rate` would make pauses of up to a second: it waits on its full pipe instead.
    init(url: String, clock: LinuxClock) throws {
        self.clock = clock
        child = try Tool.start("curl", ["-sS", "--fail", url])
    }

    init(program: String, _ arguments: [String], environment: [String: String], clock: LinuxClock) throws {
        self.clock = clock
        child = try Tool.start(program, arguments, environment: environment)
    }

    /// Begins to read, not faster than a player of that speed.
    func play(bytesPerSecond: Int) {
        task = Loop.start("listener") { [self] in try await read(bytesPerSecond) }
    }

    private func read(_ bytesPerSecond: Int) async throws -> ContentHash {
        let start = clock.now
        var last = clock.now
        let deadline = start + .seconds(120)
        while let output = child.output {
            let piece = try await output.read(atMost: 64 << 10, deadline: deadline)
            if bytes > 0 { longestPause = max(longestPause, clock.now - last) }
            if piece.isEmpty { break }
            digest.update(piece)
            bytes += piece.count
            await clock.sleep(until: start + .milliseconds(bytes * 1000 / bytesPerSecond))
            last = clock.now
        }
        let exit = await child.wait(until: clock.now + .seconds(5))
        guard exit == .exited(0) else {
            let errors = try await child.error?.readAll(limit: 1 << 20, deadline: clock.now + .seconds(1)) ?? []
            throw NotInTime(
                description:
                    "the listener ended with \(String(describing: exit)) after \(bytes) bytes: "
                    + String(decoding: errors, as: UTF8.self)
            )
        }
        return digest.finish()
    }

    /// The hash of all that was heard.
    func end() async throws -> ContentHash {
        guard let task else { throw NotInTime(description: "the listener was not started") }
        return try await task.value
    }
}
