import Model
import Platform
import RegistryServer
import Testing
import TestTools

@testable import Linux

@Suite struct DigTests {
    /// Every kind of answer, as the real dig sees it: the arguments, the code, the number of records and their type.
    private static let questions: [(String, String, Int, String)] = [
        ("data.rondo A", "NOERROR", 2, "A"), ("router.rondo A", "NOERROR", 3, "A"),
        ("registry.rondo A", "NOERROR", 1, "A"), ("server.rondo A", "NOERROR", 6, "A"),
        ("RoUtEr.RoNdO A", "NOERROR", 3, "A"), ("_http._tcp.router.rondo SRV", "NOERROR", 3, "SRV"),
        ("_peer._tcp.data.rondo SRV", "NOERROR", 2, "SRV"), ("_peer._tcp.router.rondo SRV", "NOERROR", 3, "SRV"),
        ("_dns._udp.registry.rondo SRV", "NOERROR", 1, "SRV"),
        ("00000000000000000000000000000001.server.rondo A", "NOERROR", 1, "A"),
        ("00000000000000000000000000000001.server.rondo TXT", "NOERROR", 1, "TXT"),
        ("rondo SOA", "NOERROR", 1, "SOA"), ("rondo NS", "NOERROR", 1, "NS"), ("data.rondo ANY", "NOERROR", 1, "HINFO"),
        ("data.rondo AAAA", "NOERROR", 1, "SOA"), ("_tcp.router.rondo A", "NOERROR", 1, "SOA"),
        ("nobody.rondo A", "NXDOMAIN", 1, "SOA"), ("data.rondo TYPE65280", "NOERROR", 1, "SOA"),
        ("example.org A", "REFUSED", 0, "A"), ("rondo AXFR", "REFUSED", 0, "SOA"),
        ("-c CH version.bind TXT", "REFUSED", 0, "TXT"),
        ("+opcode=notify data.rondo A", "NOTIMP", 0, "A"),
        ("+edns=1 +noednsnegotiation data.rondo A", "BADVERS", 0, "A"),
    ]

    @Test(arguments: questions)
    func `dig reads an answer without a warning`(
        question: String, code: String, count: Int, type: String
    ) async throws {
        for transport in ["+notcp", "+tcp", "+noedns", "+dnssec", "+cookie=0011223344556677", "+bufsize=512"] {
            if code == "BADVERS", transport == "+noedns" { continue }
            let words = (question + " " + transport).split(separator: " ").map(String.init)
            let dig = try await onLoop {
                let office = try Office()
                defer { office.server.stop() }
                office.lease(data: 2, router: 3)
                return try await Dig.ask(office.dns, words)
            }
            // A refused transfer is no message to dig but a failed command.
            if question.hasSuffix("AXFR") {
                #expect(dig.text.contains("Transfer failed"), "\(dig.text)")
                continue
            }
            #expect(dig.isClean, "\(dig.text)")
            #expect(dig.text.contains("status: \(code)"), "\(dig.text)")
            #expect(dig.records(type).count == count, "\(dig.text)")
            if code == "NOERROR" { #expect(dig.text.contains("flags: qr aa;"), "\(dig.text)") }
        }
    }

    @Test func `an answer that is too long for UDP comes over TCP`() async throws {
        let dig = try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 60)
            let short = try await Dig.ask(office.dns, ["+bufsize=512", "+ignore", "router.rondo", "A"])
            #expect(short.isClean && short.text.contains("flags: qr aa tc;"))
            return try await Dig.ask(office.dns, ["+bufsize=512", "router.rondo", "A"])
        }
        #expect(dig.status == 0 && dig.text.contains("Truncated, retrying in TCP mode"))
        #expect(dig.records("A").count == 60 && dig.text.contains("(TCP)"))
    }

    @Test func `the additional records of a service are its addresses`() async throws {
        let dig = try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 3)
            return try await Dig.ask(office.dns, ["_peer._tcp.data.rondo", "SRV"])
        }
        #expect(Set(dig.records("A").map { $0[4] }) == ["10.0.0.1", "10.0.0.2"])
        #expect(Set(dig.records("A").map { $0[0] }) == Set(dig.records("SRV").map { $0[7] }))
    }

    @Test func `a registry that has just started says that it does not know yet`() async throws {
        let dig = try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            return try await Dig.ask(office.dns, ["data.rondo", "A"])
        }
        #expect(dig.isClean && dig.text.contains("status: SERVFAIL") && dig.text.contains("EDE: 14"), "\(dig.text)")
    }
}
