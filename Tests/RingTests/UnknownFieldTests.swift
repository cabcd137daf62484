import Model
import Testing
import Wire

@testable import Ring

@Suite struct UnknownFieldTests {
    /// Server 2's entry as a later version writes it, and the fields of that version.
    private var later: (message: Ring.Message, unknown: [UInt8]) {
        get throws {
            var fields = ProtobufWriter()
            fields.text(40, "attic")
            fields.fixed(41, 7)
            fields.message(42) { $0.integer(1, UInt64.max) }
            var entry = server(2)
            entry.unknown = fields.bytes
            entry.version = 2
            let message = Ring.Message.changes([entry], through: nil)
            let bytes = Ring.Envelope.encode(from: life(2), to: nil, message: message.encoded)
            return (try Ring.Envelope(decoding: bytes).message, fields.bytes)
        }
    }

    private func entries(_ message: Ring.Message) -> [RosterEntry] {
        if case .changes(let entries, _) = message { entries } else { [] }
    }

    @Test func `Fields of a later version survive reading and writing`() throws {
        let later = try later
        #expect(entries(later.message).map(\.unknown) == [later.unknown])
    }

    @Test func `Fields of a later version are no part of the digest`() throws {
        var entry = try #require(entries(later.message).first)
        entry.version = 1
        #expect(entry.digest == server(2).digest)
        #expect(Roster([entry]).digest == Roster([server(2)]).digest)
    }

    @Test func `So many bytes of them are kept and no more`() throws {
        var entry = server(2)
        var fields = ProtobufWriter()
        for field in 40..<200 { fields.text(field, "eight by") }
        entry.unknown = fields.bytes
        let bytes = Ring.Envelope.encode(
            from: life(2), to: nil, message: Ring.Message.changes([entry], through: nil).encoded)
        let kept = try #require(entries(Ring.Envelope(decoding: bytes).message).first?.unknown)
        #expect(kept.count > RosterEntry.maximumUnknown - 12 && kept.count <= RosterEntry.maximumUnknown)
        #expect(Array(fields.bytes.prefix(kept.count)) == kept)
    }

    @Test func `Fields of a later version are passed on with the news of a death`() throws {
        var script = Script(servers: 4)
        let later = try later
        script.feed(.messageReceived(later.message, from: life(2)))
        script.feed(.connectionClosed(life(2)))
        let told = script.feed(.dialEnded(life(2), .refused)).sent.compactMap { entries($0.message).first }
        #expect(!told.isEmpty)
        #expect(told.allSatisfy { $0.state == .dead && $0.unknown == later.unknown })
    }
}
