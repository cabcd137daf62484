import Model
import Testing
import Wire

@testable import Ring

@Suite struct UnknownFieldTests {
    /// The JSON of server 2's entry, with fields of a later version.
    private var later: [UInt8] {
        let text = String(decoding: WireJSON.encode(server(2)), as: UTF8.self)
        let fields = #","zone":"attic","weights":[1,2.5,null,{"a":true}],"big":18446744073709551615}"#
        return Array((text.dropLast() + fields).utf8)
    }

    @Test func `Fields of a later version survive reading and writing`() throws {
        let entry = try WireJSON.decode(RosterEntry.self, from: later)
        #expect(entry.unknown["zone"] == .text("attic"))
        let again = try WireJSON.decode(RosterEntry.self, from: WireJSON.encode(entry))
        #expect(again == entry)
        #expect(String(decoding: WireJSON.encode(entry), as: UTF8.self).contains(#""weights":[1,2.5,null,{"a":true}]"#))
    }

    @Test func `Fields of a later version are no part of the digest`() throws {
        let entry = try WireJSON.decode(RosterEntry.self, from: later)
        #expect(entry.digest == server(2).digest)
        #expect(Roster([entry]).digest == Roster([server(2)]).digest)
    }

    @Test func `Fields of a later version are passed on with the news of a death`() throws {
        var script = Script(servers: 4)
        var entry = try WireJSON.decode(RosterEntry.self, from: later)
        entry.version = 2
        script.feed(.messageReceived(.changes([entry], through: nil), from: life(2)))
        script.feed(.connectionClosed(life(2)))
        let told = script.feed(.dialEnded(life(2), .refused)).sent.compactMap { sent in
            if case .changes(let entries, _) = sent.message { entries.first } else { nil }
        }
        #expect(!told.isEmpty)
        #expect(told.allSatisfy { $0.state == .dead && $0.unknown["zone"] == .text("attic") })
    }
}
