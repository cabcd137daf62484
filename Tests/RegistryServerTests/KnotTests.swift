import Crypto
import Foundation
import Model
import Platform
import Registry
import RegistryServer
import Testing
import TestTools

@testable import Linux

/// What the registry makes of packets, beside Knot DNS with the same zone (docs/registry.md).
@Suite struct KnotTests {
    private static let first = "\(ServerID(1)).server.rondo"

    /// Packets that both answer alike.
    private static let alike: [(String, OddPacket)] = [
        ("a set", OddPacket()), ("a set, in other letters", OddPacket("DaTa.rOnDo")),
        ("a larger set with EDNS", OddPacket("server.rondo", counts: [1, 0, 0, 1], rest: OddPacket.option())),
        ("a service", OddPacket("_http._tcp.router.rondo", 33)),
        ("a server", OddPacket(first)), ("its text", OddPacket(first, 16)),
        ("NODATA", OddPacket("data.rondo", 28)), ("NODATA of an empty name", OddPacket("_tcp.router.rondo")),
        ("NODATA of an unknown type", OddPacket("data.rondo", 65_280)),
        ("NXDOMAIN", OddPacket("nobody.rondo")), ("NXDOMAIN below a name", OddPacket("x.data.rondo")),
        ("the zone's servers", OddPacket("rondo", 2)),
        ("RD", OddPacket(flags: 0x0100)), ("AA in a question", OddPacket(flags: 0x0400)),
        ("the Z bit", OddPacket(flags: 0x0040)), ("RA in a question", OddPacket(flags: 0x0080)),
        ("another zone", OddPacket("example.org")), ("the root", OddPacket("", 2)),
        ("DO", OddPacket(counts: [1, 0, 0, 1], rest: OddPacket.option(flags: 0x80))),
        ("EDNS 1", OddPacket(counts: [1, 0, 0, 1], rest: OddPacket.option(version: 1))),
        ("an unknown option", OddPacket(counts: [1, 0, 0, 1], rest: OddPacket.option(data: [0xFD, 0xE9, 0, 1, 7]))),
        ("an answer", OddPacket(flags: 0x8000)), ("no question", OddPacket(counts: [0, 0, 0, 0], raw: [])),
        ("a set over TCP", OddPacket("server.rondo").overTCP()), ("NXDOMAIN over TCP", OddPacket("x.rondo").overTCP()),
        ("AD", OddPacket(flags: 0x0020)), ("TC in a question", OddPacket(flags: 0x0200)),
        ("a code in a question", OddPacket(flags: 0x0005)), ("class CH", OddPacket(class: 3)),
        ("class NONE", OddPacket(class: 254)), ("MAILB", OddPacket("data.rondo", 253)),
        ("RRSIG", OddPacket("data.rondo", 46)), ("opcode IQUERY", OddPacket(flags: 0x0800)),
        ("opcode STATUS", OddPacket(flags: 0x1000)), ("opcode 3", OddPacket(flags: 0x1800)),
        ("opcode DSO", OddPacket(flags: 0x3000)), ("opcode 15", OddPacket(flags: 0x7800)),
        ("eleven bytes", OddPacket(raw: []).cut(1)),
        ("a record behind the question", OddPacket(counts: [1, 0, 1, 0], rest: record)),
        ("EDNS 1 for no name", OddPacket("x.rondo", counts: [1, 0, 0, 1], rest: OddPacket.option(version: 1))),
        ("EDNS with no size", OddPacket("server.rondo", counts: [1, 0, 0, 1], rest: OddPacket.option(size: 0))),
        ("EDNS with an unknown flag", OddPacket(counts: [1, 0, 0, 1], rest: OddPacket.option(flags: 0x40))),
        ("NSID", OddPacket(counts: [1, 0, 0, 1], rest: OddPacket.option(data: [0, 3, 0, 0]))),
        ("a cookie of one byte", OddPacket(counts: [1, 0, 0, 1], rest: OddPacket.option(data: [0, 10, 0, 1, 7]))),
    ]

    private static let record: [UInt8] = [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]
    /// A data set's answer, as both give it.
    private static let two = "2 answers f9ad431e7ba52c14"

    /// Packets that they answer differently, as docs/registry.md explains.
    private static let unlike: [(String, OddPacket, ours: String, knot: String)] = [
        ("CD", OddPacket(flags: 0x0010), "NOERROR aa cd question \(two)", "NOERROR aa question \(two)"),
        (
            "ANY", OddPacket("data.rondo", 255), "NOERROR aa question 1 answers 931e72250b9ea796",
            "NOERROR aa question \(two)"
        ),
        ("AXFR over UDP", OddPacket("rondo", 252), "REFUSED question", "NOTIMP question"),
        ("AXFR over TCP", OddPacket("rondo", 252).overTCP(), "REFUSED question", "NOTAUTH question"),
        ("IXFR", OddPacket("rondo", 251), "REFUSED question", "NOTAUTH question"),
        ("class ANY", OddPacket(class: 255), "REFUSED question", "NOERROR aa question \(two)"),
        ("type OPT", OddPacket("data.rondo", 41), "FORMERR question", "NOERROR aa question SOA [1]"),
        ("type TSIG", OddPacket("data.rondo", 250), "FORMERR question", "NOERROR aa question SOA [1]"),
        ("type 0", OddPacket("data.rondo", 0), "NOERROR aa question SOA [1]", "NOTIMP question"),
        ("NOTIFY", OddPacket("rondo", 6, flags: 0x2000), "NOTIMP question", "NOTAUTH question"),
        ("an unsigned update", OddPacket("rondo", 6, flags: 0x2800), "REFUSED question", "NOTAUTH question"),
        (
            "an answer in a question", OddPacket(counts: [1, 1, 0, 0], rest: record), "FORMERR no question",
            "NOERROR aa question \(two)"
        ),
        (
            "two questions", OddPacket(counts: [2, 0, 0, 0], rest: Array(OddPacket().bytes.dropFirst(12))),
            "FORMERR no question", "nothing"
        ),
        ("a byte too few", OddPacket().cut(1), "FORMERR no question", "nothing"),
        ("a header alone", OddPacket(raw: []), "FORMERR no question", "nothing"),
        ("a pointer to itself", OddPacket(raw: [0xC0, 12, 0, 1, 0, 1]), "FORMERR no question", "nothing"),
        ("a pointer into the header", OddPacket(raw: [0xC0, 4, 0, 1, 0, 1]), "FORMERR no question", "nothing"),
        (
            "a label of 64", OddPacket(raw: [64] + [UInt8](repeating: 97, count: 64) + [0, 0, 1, 0, 1]),
            "FORMERR no question", "nothing"
        ),
        (
            "a name of 300", OddPacket(raw: [UInt8](repeating: 1, count: 300) + [0, 0, 1, 0, 1]), "FORMERR no question",
            "nothing"
        ),
        (
            "no question, with EDNS", OddPacket(counts: [0, 0, 0, 1], rest: OddPacket.option(), raw: []),
            "FORMERR no question", "FORMERR no question EDNS0"
        ),
        ("a byte too many", OddPacket(rest: [0]), "FORMERR no question", "FORMERR question"),
        (
            "a cut option", OddPacket(counts: [1, 0, 0, 1], rest: OddPacket.option(data: [0, 3, 0, 9])),
            "FORMERR no question", "FORMERR question"
        ),
        (
            "two OPTs", OddPacket(counts: [1, 0, 0, 2], rest: OddPacket.option() + OddPacket.option()),
            "FORMERR no question", "FORMERR question"
        ),
        (
            "OPT among the authorities", OddPacket(counts: [1, 0, 1, 0], rest: OddPacket.option()),
            "FORMERR no question", "FORMERR question"
        ),
    ]

    @Test func `the registry answers like Knot DNS, but for what is explained`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 3)
            let knot = try Knot(beside: office.dns, office.network)
            #expect(await becomes { (try? await Self.isServing(knot.endpoint, office)) ?? false })
            for (name, packet) in Self.alike {
                let ours = try await packet.outcome(at: office.dns, office.network)
                let theirs = try await packet.outcome(at: knot.endpoint, office.network)
                #expect(ours == theirs, "\(name)")
            }
            for (name, packet, ours, theirs) in Self.unlike {
                #expect(try await packet.outcome(at: office.dns, office.network) == ours, "\(name)")
                #expect(try await packet.outcome(at: knot.endpoint, office.network) == theirs, "\(name), Knot")
            }
            try knot.stop()
        }
    }

    /// What dig and kdig print of an answer but for their own words: the code, the flags, the records in order.
    private static func records(_ text: String) -> [String] {
        let lines = text.lowercased().split(separator: "\n").filter { !$0.hasPrefix(";") }
        return lines.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }.sorted()
    }

    @Test func `dig and kdig read the same`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 60)
            for question in [
                "data.rondo A", "RoUtEr.RoNdO A", "_http._tcp.router.rondo SRV", "\(Self.first) TXT", "rondo SOA",
                "rondo NS", "nobody.rondo A", "data.rondo AAAA", "router.rondo A +bufsize=512", "example.org A",
            ] {
                let words = question.split(separator: " ").map(String.init)
                let dig = try await Dig.ask(office.dns, words)
                let kdig = try await DNSProgram.run(
                    "kdig", of: "knot-dnsutils",
                    ["@\(office.dns.host)", "-p", "\(office.dns.port)", "+norec", "+edns", "+time=15"] + words)
                // A long answer is fetched over TCP, which kdig calls a warning.
                let warnings = kdig.text.components(separatedBy: "WARNING").count - 1
                #expect(kdig.status == 0 && warnings == (kdig.text.contains("truncated reply") ? 1 : 0), "\(kdig.text)")
                #expect(Self.records(kdig.text) == Self.records(dig.text), "\(question)")
                let code = try #require(dig.text.firstMatch(of: #/status: (\w+)/#)).1
                #expect(kdig.text.contains("status: \(code)"), "\(kdig.text)")
            }
            let signed = try await DNSProgram.run(
                "kdig", of: "knot-dnsutils",
                ["@\(office.dns.host)", "-p", "\(office.dns.port)", "-y", office.key.tsigArgument, "data.rondo"])
            #expect(signed.status == 0 && !signed.text.contains(";; ERROR"), "\(signed.text)")
            #expect(signed.text.contains("rondo-key."), "\(signed.text)")
        }
    }

    @Loop
    private static func isServing(_ endpoint: Endpoint, _ office: Office) async throws -> Bool {
        try await OddPacket("rondo", 6).overTCP().outcome(at: endpoint, office.network).hasPrefix("NOERROR")
    }
}
