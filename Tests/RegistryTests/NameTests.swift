import Model
import Testing

@testable import Registry

@Suite struct NameTests {
    private func read(_ bytes: [UInt8], at offset: Int = 0) throws(DNSError) -> DomainName {
        var reader = DNSReader(bytes)
        _ = try reader.take(offset)
        return try reader.name()
    }

    @Test func `a name is read through pointers that lead back`() throws {
        let bytes: [UInt8] = [1, 0x61, 0, 1, 0x62, 0xC0, 0, 1, 0x63, 0xC0, 3]
        #expect(try read(bytes, at: 7).description == "c.b.a.")
    }

    @Test(
        arguments: [
            ([0xC0, 0], .badPointer, 0), ([0xC0, 2, 0], .badPointer, 0), ([1, 0x61, 0xC0, 0], .badPointer, 2),
            ([0xC0], .endsEarly, 1), ([0x40, 0], .badLabel, 0), ([0x80], .badLabel, 0), ([3, 0x61], .endsEarly, 2),
            ([], .endsEarly, 0),
        ] as [([UInt8], DNSError.Reason, Int)])
    func `a wrong name is refused with the place of its fault`(
        bytes: [UInt8], reason: DNSError.Reason, offset: Int
    ) {
        #expect(throws: DNSError(reason: reason, offset: offset)) { try read(bytes) }
    }

    @Test func `a name has 255 bytes at most, however it is put together`() throws {
        let label = [UInt8(49)] + [UInt8](repeating: 0x61, count: 49)
        let whole = label + label + label + label + label
        #expect(try read(whole + [3, 1, 2, 3, 0]).wire.count == 255)
        #expect(throws: DNSError(reason: .longName, offset: 250)) { try read(whole + [4, 1, 2, 3, 4, 0]) }
        let pointed = whole + [0] + [4, 1, 2, 3, 4, 0xC0, 0]
        #expect(throws: DNSError.self) { try read(pointed, at: 251) }
    }

    @Test func `a chain of pointers as long as a message ends`() {
        var bytes: [UInt8] = [0]
        for _ in 0..<8_000 {
            let place = bytes.count == 1 ? 0 : bytes.count - 2
            bytes += [0xC0 | UInt8(place >> 8), UInt8(place & 255)]
        }
        #expect((try? read(bytes, at: bytes.count - 2)) == .root)
    }

    @Test func `text becomes a name and back`() throws {
        #expect(DomainName("data.rondo")?.description == "data.rondo.")
        #expect(DomainName(".") == .root && DomainName.root.description == ".")
        #expect(DomainName("DATA.rondo") == DomainName("data.RONDO."))
        for wrong in ["", "a..b", ".a", "a b", "é", String(repeating: "a", count: 64), "a\\b"] {
            #expect(DomainName(wrong) == nil)
        }
        #expect(DomainName(labels: [[0, 0x2E, 0x5C]])?.description == "\\000\\.\\\\.")
    }

    @Test func `a name lies within a zone at label boundaries only`() throws {
        let zone = try #require(DomainName("rondo"))
        #expect(try #require(DomainName("a.Rondo")).isWithin(zone))
        #expect(zone.isWithin(zone) && zone.isWithin(.root))
        #expect(try !#require(DomainName("xrondo")).isWithin(zone))
        // A label whose last bytes look like the zone's wire form.
        #expect(try !#require(DomainName(labels: [[0x61, 5] + Array("rondo".utf8)])).isWithin(zone))
    }
}
