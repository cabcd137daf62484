import Glibc
import Media
import Model

/// The parser of uploads, a child of the server that received one: reads file descriptor 3, answers on standard output.
///
/// With `--rendition flac` it writes the song as a FLAC file instead, with `--loudness` how loud it is, in hundredths
/// of a LUFS.
///
/// It is never called by hand. `Sources/Media/Answer.swift` has the form of the answer; the exit code is 0 whether the
/// file is taken or refused, so that anything else is a crash.
@main
struct Program {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        // The name of an upload's file follows a word of its own, so that no name is ever one of these.
        let isRendition = arguments.elementsEqual(["--rendition", "flac"])
        let isLoudness = arguments.elementsEqual(["--loudness"])
        // Rendering an hour takes 15 to 40 s.
        guard ProcessLimits.apply(cpuSeconds: isRendition || isLoudness ? 600 : 30) else { fail("cannot limit itself") }
        guard let file = UploadedFile(descriptor: 3) else {
            fail("file descriptor 3 is no file: a server starts this program")
        }
        if isRendition { return render(file) }
        if isLoudness { return measure(file) }
        guard Answer(for: file).write(to: 1) else { fail("cannot write its answer") }
    }

    private static func render(_ file: UploadedFile) {
        do {
            try Rendition.write(file) { Answer.write($0, to: 1) }
        } catch {
            fail(error.message)
        }
    }

    private static func measure(_ file: UploadedFile) {
        // Nobody waits for it.
        _ = nice(19)
        do {
            let answer = try SongLoudness.measure(file).map { "\($0.hundredths)" } ?? "silence"
            _ = Answer.write(Array("\(answer)\n".utf8), to: 1)
        } catch {
            fail(error.message)
        }
    }

    private static func fail(_ problem: String) -> Never {
        _ = Answer.write(Array("rondo-media: \(problem)\n".utf8), to: 2)
        exit(1)
    }
}
