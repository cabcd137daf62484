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
        switch await answer(spool, fileName, deadline) {
        case .failure(let failure): return .failed(failure.reason)
        case .success(let bytes): return MediaAnswer.read(bytes, fileLength: length)
        }
    }

    private struct Failure: Error { var reason: String }

    private func answer(
        _ spool: LinuxSpool, _ fileName: String, _ deadline: MonotonicTime
    ) async -> Result<[UInt8], Failure> {
        let child: ChildProcess
        do {
            child = try start([Self.argument(fileName)], on: spool)
        } catch {
            return .failure(Failure(reason: "\(program) could not be started: \(error)"))
        }
        do throws(StreamError) {
            let bytes = try await child.output?.readAll(limit: Self.answerLimit, deadline: deadline) ?? []
            let exit = await child.waitOrKill(at: deadline)
            return exit == .exited(0) ? .success(bytes) : .failure(Failure(reason: "the parser ended with \(exit)"))
        } catch {
            child.send(.kill)
            _ = await child.waitOrKill(at: deadline)
            return .failure(
                Failure(reason: error == .timedOut ? "the parser took too long" : "the parser failed: \(error)"))
        }
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
                    guard length <= limit else { throw Failure(reason: "it is longer than \(limit) bytes") }
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
