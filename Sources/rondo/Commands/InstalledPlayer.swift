import Client
import FoundationEssentials
import Linux
import Model
import Platform

/// A player of this machine that plays what it gets on standard input.
@Loop
final class InstalledPlayer: ByteSink {
    /// The programs that are looked for, in this order, with the arguments that make them play standard input quietly.
    static let known: [(program: String, arguments: [String], only: String?)] = [
        ("mpv", ["--no-video", "--really-quiet", "--no-terminal", "-"], nil),
        ("ffplay", ["-nodisp", "-autoexit", "-loglevel", "error", "-i", "-"], nil),
        ("cvlc", ["--quiet", "--play-and-exit", "-"], nil),
        ("mpg123", ["-q", "-"], "audio/mpeg"),
        ("pw-play", ["-"], nil),
    ]

    private let output: BlockingOutput
    private let process: ChildProcess
    private let name: String
    private let clock: any Clock

    private init(name: String, process: ChildProcess, output: BlockingOutput, clock: any Clock) {
        self.name = name
        self.process = process
        self.output = output
        self.clock = clock
    }

    /// - Throws: `player` when none of them is installed.
    static func open(
        contentType: String, environment: [String: String], clock: any Clock
    ) throws(ClientError) -> InstalledPlayer {
        let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map(String.init)
        for player in known where player.only == nil || player.only == contentType {
            let path = folders.lazy.map { "\($0)/\(player.program)" }.first {
                FileManager.default.isExecutableFile(atPath: $0)
            }
            if let path {
                return try start(player.program, path, player.arguments, environment, clock)
            }
        }
        let names = known.map(\.program).joined(separator: ", ")
        throw .player("no player is installed (\(names)); install mpv, or use `play SONG -o -` and pipe it to yours")
    }

    private static func start(
        _ name: String, _ path: String, _ arguments: [String], _ environment: [String: String], _ clock: any Clock
    ) throws(ClientError) -> InstalledPlayer {
        do throws(StreamError) {
            let (output, reader) = try BlockingOutput.pipe()
            defer { BlockingOutput.closeReader(reader) }
            var child = ChildSpecification(path, arguments, environment: environment)
            child.input = .descriptor(reader)
            let process = try ChildProcess(child)
            return InstalledPlayer(name: name, process: process, output: output, clock: clock)
        } catch {
            throw .player("the player \(path) could not be started (\(error))")
        }
    }

    func write(_ bytes: ArraySlice<UInt8>) async throws(ClientError) {
        do throws(StreamError) {
            try await output.write(bytes)
        } catch {
            throw await ended()
        }
    }

    /// Waits until the last note has been played.
    func finish() async throws(ClientError) {
        output.close()
        let exit = await process.wait(until: .distantFuture)
        guard exit == .exited(0) else { throw .player("the player \(name) ended with an error") }
    }

    private func ended() async -> ClientError {
        let exit = await process.wait(until: clock.now + .seconds(1))
        return exit == .exited(0)
            ? .outputClosed : .player("the player \(name) ended before the song did; try `play SONG -o -`")
    }
}
