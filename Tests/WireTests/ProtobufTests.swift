import Model
import Testing
import Wire

@Suite struct ProtobufTests {
    private func fields(_ bytes: [UInt8]) throws -> [ProtobufField] {
        var fields: [ProtobufField] = []
        try ProtobufReader.message(bytes).each { fields.append($0) }
        return fields
    }

    // The examples of https://protobuf.dev/programming-guides/encoding/.
    @Test func `the examples of the format's own description`() throws {
        var writer = ProtobufWriter()
        writer.integer(1, UInt64(150))
        #expect(writer.bytes == [0x08, 0x96, 0x01])
        writer = ProtobufWriter()
        writer.text(2, "testing")
        #expect(writer.bytes == [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67])
        writer = ProtobufWriter()
        writer.message(3) { $0.integer(1, UInt64(150)) }
        #expect(writer.bytes == [0x1a, 0x03, 0x08, 0x96, 0x01])
        writer = ProtobufWriter()
        writer.integer(1, Int64(-2))
        #expect(writer.bytes == [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])
    }

    @Test func `numbers are read back as they were written`() throws {
        for value in [1, 127, 128, 16_383, 16_384, 1 << 32, 1 << 63, UInt64.max] {
            var writer = ProtobufWriter()
            writer.integer(1, value)
            writer.fixed(2, value)
            writer.integer(536_870_911, Int64(bitPattern: value))
            let fields = try fields(writer.bytes)
            #expect(fields.map(\.number) == [1, 2, 536_870_911])
            #expect(try fields[0].integer() == value)
            #expect(try fields[1].fixed() == value)
            #expect(try fields[2].signed() == Int64(bitPattern: value))
        }
    }

    @Test func `what has its default takes no byte, and a message without fields takes two`() {
        var writer = ProtobufWriter()
        writer.integer(1, UInt64(0))
        writer.flag(2, false)
        writer.text(3, "")
        writer.fixed(4, 0)
        #expect(writer.bytes.isEmpty)
        writer.message(5) { _ in }
        #expect(writer.bytes == [0x2a, 0])
    }

    @Test func `a message that is longer than its length's first byte can say moves up`() throws {
        for length in [0, 1, 100, 127, 128, 16_383, 16_384, 300_000] {
            let text = String(repeating: "x", count: length)
            var writer = ProtobufWriter()
            writer.message(1) { writer in writer.message(2) { $0.text(3, text) } }
            writer.flag(4, true)
            let fields = try fields(writer.bytes)
            #expect(fields.count == 2)
            #expect(try fields[0].required(2).first(3)?.text() ?? "" == text)
            #expect(try fields[1].flag())
        }
    }

    @Test(arguments: [
        ([0x08], ProtobufError.truncated), ([0x08, 0x80], .truncated), ([0x12, 0x02, 0x61], .truncated),
        ([0x09, 1, 2, 3], .truncated), ([0x0d, 1, 2, 3], .truncated),
        // A length that no memory has.
        ([0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], .truncated),
        ([0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], .truncated),
        // More than 64 bits.
        ([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], .malformed),
        ([0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], .malformed),
        // Field 0, a group, a kind that there is not.
        ([0x00, 0x01], .malformed), ([0x0b], .malformed), ([0x0f], .malformed),
    ])
    func `what is no message is refused`(_ bytes: [UInt8], _ error: ProtobufError) {
        #expect(throws: error) { try fields(bytes) }
    }

    @Test func `a field of another type, or out of its range, is refused`() throws {
        var writer = ProtobufWriter()
        writer.integer(1, UInt64(70_000))
        writer.text(2, "a")
        let fields = try fields(writer.bytes)
        #expect(throws: ProtobufError.invalid(field: 1)) { try fields[0].integer(UInt16.self) }
        #expect(throws: ProtobufError.invalid(field: 1)) { try fields[0].text() }
        #expect(throws: ProtobufError.invalid(field: 2)) { try fields[1].integer() }
        #expect(throws: ProtobufError.invalid(field: 2)) { try fields[1].id() }
        #expect(throws: ProtobufError.missing(field: 9)) { try ProtobufReader.message(writer.bytes).required(9) }
    }

    @Test func `text that is not UTF-8 is refused`() throws {
        #expect(throws: ProtobufError.invalid(field: 2)) { try fields([0x12, 2, 0xc3, 0x28])[0].text() }
    }

    @Test func `random bytes never trap`() {
        var generator = SeededGenerator(seed: 7)
        var whole = 0
        for _ in 0..<50_000 {
            let bytes = (0..<Int.random(in: 0..<24, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            if (try? fields(bytes)) != nil { whole += 1 }
        }
        #expect(whole > 1_000)
    }
}
