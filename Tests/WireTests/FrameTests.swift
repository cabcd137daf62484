import Model
import Testing
import Wire

@Suite struct FrameTests {
    private let frame = Frame(
        kind: .chunkPut, direction: .request, requestID: 0x0102_0304_0506_0708, header: Array("{\"a\":1}".utf8),
        body: Array(repeating: 7, count: 1000))

    private var bytes: [UInt8] { frame.encodedHead + frame.body }

    @Test func `a frame is read back as it was written, whatever the pieces it arrives in`() throws {
        for piece in [1, 2, 3, 7, 500, 5000] {
            var parser = FrameParser()
            var found: [Frame] = []
            let stream = bytes + bytes
            for start in stride(from: 0, to: stream.count, by: piece) {
                parser.append(Array(stream[start..<min(start + piece, stream.count)]))
                while let next = try parser.next() { found.append(next) }
            }
            #expect(found == [frame, frame])
            #expect(!parser.isInsideFrame)
        }
    }

    @Test func `another major version is refused before its body is waited for`() throws {
        var changed = bytes
        changed[4] = 2
        var parser = FrameParser()
        parser.append(Array(changed.prefix(20)))
        #expect(throws: FrameError.otherVersion(major: 2)) { try parser.next() }
    }

    @Test func `another minor version is read`() throws {
        var changed = bytes
        changed[5] = 9
        var parser = FrameParser()
        parser.append(changed)
        #expect(try parser.next() == frame)
    }

    @Test func `a length beyond the bound is refused at once`() {
        var parser = FrameParser()
        parser.append([0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: FrameError.badLength(.max)) { try parser.next() }
    }

    @Test func `a header longer than its frame is refused`() {
        var changed = bytes
        changed[4 + 14] = 0
        changed[4 + 15] = 0x0F
        var parser = FrameParser()
        parser.append(changed)
        #expect(throws: FrameError.self) { try parser.next() }
    }

    @Test func `random bytes never trap`() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            var parser = FrameParser()
            var noise = (0..<Int.random(in: 0..<64, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            if Bool.random(using: &generator) {
                noise = [0, 0, 0, UInt8.random(in: 0...60, using: &generator), 1, 0, 1] + noise
            }
            parser.append(noise)
            do {
                while try parser.next() != nil {}
            } catch {
                #expect(String(describing: error).isEmpty == false)
            }
        }
    }

    @Test func `a long frame that has begun is taken out with what is there of its body, and not before its head`()
        throws
    {
        let frame = Frame(
            kind: .chunkRead, direction: .reply, requestID: 7, header: Array("{\"a\":1}".utf8),
            body: (0..<50_000).map { UInt8(truncatingIfNeeded: $0) })
        let head = frame.encodedHead
        for cut in 0..<head.count {
            var parser = FrameParser()
            parser.append(Array(head[..<cut]))
            #expect(try parser.next() == nil)
            #expect(try parser.takeBeginning(least: 1) == nil)
        }
        var parser = FrameParser()
        parser.append(head + frame.body[..<30_000])
        #expect(try parser.next() == nil)
        #expect(try parser.takeBeginning(least: 20_001) == nil)
        let (beginning, missing) = try #require(try parser.takeBeginning(least: 20_000))
        #expect(missing == 20_000)
        var whole = beginning
        whole.body += frame.body[30_000...]
        #expect(whole == frame)
        #expect(!parser.isInsideFrame)
        // The next frame begins anew.
        parser.append(head + frame.body)
        #expect(try parser.next() == frame)
    }
}
