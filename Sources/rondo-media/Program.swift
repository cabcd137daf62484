import Glibc
import Media

/// The parser of uploads, a child of the server that received one: reads file descriptor 3, answers on standard output.
///
/// It is never called by hand. `Sources/Media/Answer.swift` has the form of the answer; the exit code is 0 whether the file is
/// taken or refused, so that anything else is a crash.
@main
struct Program {
    static func main() {
        guard ProcessLimits.apply() else { fail("cannot limit itself") }
        guard let file = UploadedFile(descriptor: 3) else {
            fail("file descriptor 3 is no file: a server starts this program")
        }
        guard write(Answer(for: file).bytes, to: 1) else { fail("cannot write its answer") }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            // Safe because the buffer's own base address and count are used, within its closure.
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func fail(_ problem: String) -> Never {
        _ = write(Array("rondo-media: \(problem)\n".utf8), to: 2)
        exit(1)
    }
}
