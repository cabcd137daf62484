internal import Glibc
internal import Model
internal import Platform

/// Runs `rondo-media` on uploads: at most two at a time, each with a deadline.
@Loop
final class MediaProcess {
    private static let parallel = 2
    /// The most that a parser may answer, in bytes: cover and packet list together with their description.
    private static let answerLimit = 64 << 20

    private let program: String
    private var running = 0
    private let freed = WaitPoint()
    /// One at a time: it is not urgent, and takes seconds.
    private var isRendering = false
    private let rendered = WaitPoint()

    nonisolated init(program: String) { self.program = program }

    func describe(_ spool: LinuxSpool, fileName: String, deadline: MonotonicTime) async -> MediaResult {
        while running >= Self.parallel {
            guard case .ready = await freed.wait(after: freed.wakes, until: deadline) else {
                return .failed("all parsers are busy")
            }
        }
        running += 1
        defer {
            running -= 1
            freed.wake()
        }
        let length = await spool.length
        do throws(MediaFailure) {
            let bytes = try await answer(to: ["--describe", Self.argument(fileName)], on: spool, deadline)
            return MediaAnswer.read(bytes, fileLength: length)
        } catch {
            return .failed(error.reason)
        }
    }

    /// How loud the song is; nil for silence. Whoever asks does so for one song at a time.
    func loudness(_ spool: LinuxSpool, deadline: MonotonicTime) async throws(MediaFailure) -> Loudness? {
        let answer = String(decoding: try await answer(to: ["--loudness"], on: spool, deadline), as: UTF8.self)
        if answer == "silence\n" { return nil }
        guard answer.hasSuffix("\n"), let hundredths = Int32(answer.dropLast()) else {
            throw MediaFailure(reason: "the answer is damaged")
        }
        return Loudness(hundredths: hundredths)
    }

    private func answer(
        to arguments: [String], on spool: LinuxSpool, _ deadline: MonotonicTime
    ) async throws(MediaFailure) -> [UInt8] {
        let child: ChildProcess
        do {
            child = try start(arguments, on: spool)
        } catch {
            throw MediaFailure(reason: "\(program) could not be started: \(error)")
        }
        let bytes: [UInt8]
        do throws(StreamError) {
            bytes = try await child.output?.readAll(limit: Self.answerLimit, deadline: deadline) ?? []
        } catch {
            child.send(.kill)
            _ = await child.waitOrKill(at: deadline)
            throw MediaFailure(reason: error == .timedOut ? "the parser took too long" : "the parser failed: \(error)")
        }
        let exit = await child.waitOrKill(at: deadline)
        guard exit == .exited(0) else { throw MediaFailure(reason: "the parser ended with \(exit)") }
        return bytes
    }

    private func start(_ arguments: [String], on spool: LinuxSpool) throws -> ChildProcess {
        let file = try spool.reader()
        var specification = ChildSpecification(program, arguments)
        specification.output = .piped
        specification.error = .null
        specification.passed = [file.number]
        specification.hasOwnGroup = true
        return try ChildProcess(specification)
    }

    /// - Returns: nil, or why there is no rendition.
    func render(
        _ spool: LinuxSpool, into target: any SpoolFile, limit: Int64, deadline: MonotonicTime
    ) async -> String? {
        while isRendering {
            guard case .ready = await rendered.wait(after: rendered.wakes, until: deadline) else {
                return "other songs are being rendered"
            }
        }
        isRendering = true
        defer {
            isRendering = false
            rendered.wake()
        }
        do {
            let child = try start(["--rendition", "flac"], on: spool)
            do {
                var length: Int64 = 0
                while let bytes = try await child.output?.read(atMost: 256 << 10, deadline: deadline), !bytes.isEmpty {
                    length += Int64(bytes.count)
                    guard length <= limit else { throw MediaFailure(reason: "it is longer than \(limit) bytes") }
                    try await target.append(bytes)
                }
            } catch {
                child.send(.kill)
                _ = await child.waitOrKill(at: deadline)
                throw error
            }
            let exit = await child.waitOrKill(at: deadline)
            return exit == .exited(0) ? nil : "the encoder ended with \(exit)"
        } catch {
            return "the rendition failed: \(error)"
        }
    }

    /// A file's name as an argument may be: no null, and a length that no limit minds.
    private static func argument(_ fileName: String) -> String {
        String(String.UnicodeScalarView(fileName.unicodeScalars.filter { $0 != "\0" }.prefix(1_000)))
    }
}
