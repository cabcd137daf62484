import Crypto
import Model
import Platform
import Registry
import RegistryServer
import Testing
import TestTools

@testable import Linux

/// Dynamic updates by the real nsupdate, and signed queries by the real dig.
@Suite struct UpdateProgramTests {
    private static let name = "\(ServerID(20)).server.rondo."
    private static let add = [
        "update add \(name) 5 A 10.0.0.99", "update add \(name) 5 TXT \"role=router\" \"peer=7700\" \"http=8080\"",
    ]

    @Test(arguments: [true, false])
    func `nsupdate gives, renews and takes a lease, with a zone line and without`(zone: Bool) async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 3)
            for _ in 0..<2 {
                let update = try await office.nsupdate(Self.add, key: office.key, zone: zone)
                #expect(update.status == 0 && update.text == "", "\(update.text)")
            }
            #expect(office.server.snapshot.counts == RoleCounts(data: 2, router: 4))
            let dig = try await Dig.ask(office.dns, ["_http._tcp.router.rondo", "SRV"])
            #expect(dig.records("SRV").contains { $0[7] == Self.name && $0[6] == "8080" }, "\(dig.text)")
            let gone = try await office.nsupdate(["update delete \(Self.name)"], key: office.key, zone: zone)
            #expect(gone.status == 0 && gone.text == "", "\(gone.text)")
            #expect(office.server.snapshot.counts == RoleCounts(data: 2, router: 3))
            #expect(office.updates("accepted") == 3)
        }
    }

    @Test func `nsupdate learns the zone from a registry that has just started`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            let update = try await office.nsupdate(Self.add, key: office.key, zone: false)
            #expect(update.status == 0, "\(update.text)")
        }
    }

    @Test func `nsupdate over TCP, and with a key that is on its way out`() async throws {
        try await onLoop {
            let old = ClusterKey()
            let office = try Office(olderKeys: [old])
            defer { office.server.stop() }
            let update = try await office.nsupdate(Self.add, key: old, options: ["-v"])
            #expect(update.status == 0, "\(update.text)")
            #expect(office.updates("accepted") == 1)
        }
    }

    @Test func `nsupdate is told what is wrong`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 3)
            let foreign = ClusterKey()
            let unknown = foreign.tsigArgument.replacing("rondo-key.", with: "other-key.")
            let old = foreign.tsigArgument.replacing("hmac-sha256:", with: "hmac-sha512:")
            let short = office.key.tsigArgument.replacing("hmac-sha256:", with: "hmac-sha256-128:")
            let cases: [(String?, String, String)] = [
                (nil, "REFUSED", "unsigned"), (foreign.tsigArgument, "BADSIG", "bad_signature"),
                (unknown, "BADKEY", "bad_key"), (old, "BADKEY", "bad_key"), (short, "BADTRUNC", "bad_truncation"),
            ]
            var counts: [String: Double] = [:]
            for (argument, words, outcome) in cases {
                let update = try await office.nsupdate(Self.add, key: nil, named: argument)
                #expect(update.status == 2 && update.text.contains(words), "\(outcome): \(update.text)")
                counts[outcome, default: 0] += 1
                #expect(office.updates(outcome) == counts[outcome], "\(outcome)")
            }
            let forbidden = try await office.nsupdate(["update add data.rondo 5 A 6.6.6.6"], key: office.key)
            #expect(forbidden.text.contains("REFUSED") && office.updates("forbidden") == 1, "\(forbidden.text)")
            let unmet = try await office.nsupdate(["prereq yxdomain \(Self.name)"] + Self.add, key: office.key)
            #expect(unmet.text.contains("NXDOMAIN") && office.updates("prerequisite") == 1, "\(unmet.text)")
            #expect(office.server.snapshot.leases.count == 5)
        }
    }

    @Test func `nsupdate and the registry agree about prerequisites`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 3)
            let here = "\(ServerID(1)).server.rondo."
            let cases = [
                ("nxdomain \(Self.name)", ""), ("nxdomain \(here)", "YXDOMAIN"), ("yxdomain \(here)", ""),
                ("nxrrset \(here) A", "YXRRSET"), ("nxrrset \(here) SRV", ""), ("yxrrset \(here) SRV", "NXRRSET"),
                ("yxrrset \(here) A", ""), ("yxrrset \(here) A 10.0.0.1", ""),
                ("yxrrset \(here) A 10.0.0.2", "NXRRSET"),
                ("yxdomain example.org.", "NOTZONE"),
            ]
            for (condition, code) in cases {
                let update = try await office.nsupdate(["prereq \(condition)"], key: office.key)
                #expect(code.isEmpty ? update.text == "" : update.text.contains(code), "\(condition): \(update.text)")
            }
        }
    }

    @Test func `dig verifies the signature of every kind of answer`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 60)
            for question in [
                "data.rondo A", "nobody.rondo A", "data.rondo AAAA", "example.org A", "data.rondo A +noedns",
                "_http._tcp.router.rondo SRV", "_http._tcp.router.rondo SRV +tcp",
                "router.rondo A +bufsize=512 +ignore",
            ] {
                let words = question.split(separator: " ").map(String.init)
                let dig = try await Dig.ask(office.dns, ["-y", office.key.tsigArgument] + words)
                #expect(dig.isClean && dig.text.contains("TSIG PSEUDOSECTION"), "\(dig.text)")
                #expect(!dig.text.contains("Couldn't verify"), "\(dig.text)")
                #expect(dig.records("TSIG").first?[10] == "NOERROR", "\(dig.text)")
            }
            let wrong = try await Dig.ask(office.dns, ["-y", ClusterKey().tsigArgument, "data.rondo", "A"])
            #expect(wrong.text.contains("status: NOTAUTH") && wrong.text.contains("BADSIG"), "\(wrong.text)")
            #expect(office.metrics.value("rondo_dns_signatures_total", labels: "verdict=\"bad_signature\"") == 1)
        }
    }
}
