import Model
import Testing

@testable import Registry

@Suite struct MessageTests {
    private func query(_ name: String, _ type: RecordType = .a, options: [[UInt8]]) throws -> [UInt8] {
        var message = DNSMessage(header: DNSHeader(id: 9))
        message.questions = [DNSQuestion(try #require(DomainName(name)), type)]
        var bytes = message.bytes
        bytes[11] = UInt8(options.count)
        for option in options { bytes += option }
        return bytes
    }

    private func option(size: UInt16 = 1232, version: UInt8 = 0, flags: UInt16 = 0) -> [UInt8] {
        [0, 0, 41, UInt8(size >> 8), UInt8(size & 255), 0, version, UInt8(flags >> 8), UInt8(flags & 255), 0, 0]
    }

    private func many(_ count: Int) throws -> Desk {
        var desk = try Desk.withFive()
        for number in 6..<6 + count {
            var request = Desk.request(6)
            request.life = Desk.life(number)
            request.address = HostAddress(HostAddress(10, 0, 0, 0).value + UInt32(number))
            (request.held, request.state, request.ringSize) = (.router, .ready, 5)
            _ = try desk.ask(request)
        }
        desk.effects = []
        return desk
    }

    @Test func `a query without EDNS gets an answer without it, of at most 512 bytes`() throws {
        var desk = try many(40)
        let answer = try desk.dig(try query("router.rondo", options: []))
        #expect(answer.header.isTruncated && answer.additionals.isEmpty && answer.answers.isEmpty)
        #expect(try desk.dig(try query("data.rondo", options: [])).answers.count == 2)
        #expect(try desk.dig(try query("router.rondo", options: []), over: .tcp).answers.count == 43)
    }

    @Test func `an answer keeps to the size that the asker takes, but to 1232 bytes at most`() throws {
        var desk = try many(40)
        #expect(try desk.dig(try query("router.rondo", options: [option(size: 600)])).header.isTruncated)
        #expect(try desk.dig(try query("router.rondo", options: [option(size: 800)])).answers.count == 43)
        desk = try many(80)
        #expect(try desk.dig(try query("router.rondo", options: [option(size: 4096)])).header.isTruncated)
        #expect(try desk.dig(try query("router.rondo", options: [option(size: 0)])).header.isTruncated)
    }

    @Test func `no answer over UDP is longer than allowed, and leaving out additional addresses is no truncation`()
        throws
    {
        for count in 0..<30 {
            var desk = try many(count)
            for size: UInt16 in [512, 900, 1232] {
                let packet = try query("_http._tcp.router.rondo", .srv, options: [option(size: size)])
                let outcome = desk.answer(packet, over: .udp)
                guard case .reply(let bytes, .noError) = outcome else { throw DNSError(reason: .foreign, offset: 0) }
                #expect(bytes.count <= size)
                let answer = try DNSMessage(parsing: bytes)
                #expect(answer.header.isTruncated == answer.answers.isEmpty)
                #expect(answer.additionals.last?.type == .opt)
            }
        }
    }

    @Test func `of very many servers each asker is told a thousand`() throws {
        var desk = try many(1_500)
        let packet = try query("router.rondo", options: [option()])
        let first = try desk.dig(packet, over: .tcp)
        #expect(first.answers.count == 1_000)
        #expect(Set(first.answers) != Set(try desk.dig(packet, over: .tcp).answers))
        let services = try desk.dig(try query("_http._tcp.router.rondo", .srv, options: []), over: .tcp)
        #expect(services.answers.count == 1_000 && !services.header.isTruncated)
    }

    @Test func `EDNS of a later version is told so`() throws {
        var desk = try Desk.withFive()
        let answer = try desk.dig(try query("data.rondo", options: [option(version: 1)]))
        #expect(answer.header.code == .noError && answer.answers.isEmpty)
        #expect((answer.additionals.first?.ttl ?? 0) >> 24 == 1, "BADVERS is 16")
    }

    @Test func `the DO bit comes back, and options that nobody knows are passed over`() throws {
        var desk = try Desk.withFive()
        let answer = try desk.dig(try query("data.rondo", options: [option(flags: 0x8000)]))
        #expect(answer.additionals.first?.ttl == 0x8000)
        var cookie = option()
        cookie[10] = 12
        cookie += [0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]
        #expect(try desk.dig(try query("data.rondo", options: [cookie])).answers.count == 2)
        cookie[14] = 9
        #expect(try desk.dig(try query("data.rondo", options: [cookie])).header.code == .formatError)
    }

    @Test func `two OPT records, or one with a name, are a format error`() throws {
        var desk = try Desk.withFive()
        #expect(try desk.dig(try query("data.rondo", options: [option(), option()])).header.code == .formatError)
        let named = [UInt8]([1, 0x61]) + option()
        #expect(try desk.dig(try query("data.rondo", options: [named])).header.code == .formatError)
    }

    @Test func `answers and scraps are dropped, so that two servers never keep each other busy`() throws {
        var desk = try Desk.withFive()
        var packet = try query("data.rondo", options: [])
        packet[2] |= 0x80
        #expect(desk.answer(packet, over: .udp) == .dropped)
        for length in 0..<12 {
            let scrap = [UInt8](repeating: 0, count: length)
            #expect(desk.answer(scrap, over: .udp) == .dropped)
        }
    }

    @Test func `no question, two questions, bytes too many and too few are format errors`() throws {
        var desk = try Desk.withFive()
        let right = try query("data.rondo", options: [option()])
        var none = right
        none[5] = 0
        var two = right
        two[5] = 2
        for packet in [none, two, right + [0], Array(right.dropLast()), Array(right.prefix(12))] {
            let answer = try desk.dig(packet)
            #expect(answer.header.code == .formatError && answer.questions.isEmpty && answer.header.id == 9)
        }
    }

    @Test func `a message comes back from its bytes as it was`() throws {
        var message = DNSMessage(header: DNSHeader(id: 0xBEEF))
        message.header.isResponse = true
        message.header.isTruncated = true
        let name = try #require(DomainName("a.b.example"))
        let other = try #require(DomainName("c.b.example"))
        message.questions = [DNSQuestion(name, .any)]
        message.answers = [
            DNSRecord(name, .a, ttl: 1, .address(HostAddress(1, 2, 3, 4))),
            DNSRecord(other, .srv, ttl: 2, .service(ServiceLocation(port: 9, target: name))),
            DNSRecord(other, .txt, ttl: 3, .text([[], Array("x".utf8)])),
            DNSRecord(.root, RecordType(65_280), ttl: 4, .unknown([0xC0, 0])),
        ]
        let authority = StartOfAuthority(
            server: name, mailbox: other, serial: 1, refresh: 2, retry: 3, expire: 4, negative: 5)
        message.authorities = [DNSRecord(other, .soa, ttl: .max, .authority(authority))]
        message.additionals = [DNSRecord(other, .ns, ttl: 0, .nameServer(name))]
        let bytes = message.bytes
        #expect(try DNSMessage(parsing: bytes) == message)
        for end in bytes.indices {
            #expect(throws: DNSError.self) { try DNSMessage(parsing: Array(bytes[..<end])) }
        }
    }
}
