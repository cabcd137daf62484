import Crypto
import Model
import Testing

@testable import Registry

/// Updates that come twice, late, from elsewhere or without a right signature: none is carried out.
@Suite struct UpdateReplayTests {
    private let client = Client(key: ClusterKey())

    private func desk() throws -> Desk { try Desk.withFive(keys: [client.key]) }

    private func packet(
        _ number: Int, _ desk: Desk, ahead: Int64 = 0, change: (inout TSIG) -> Void = { _ in }
    ) throws -> [UInt8] {
        var client = client
        client.ahead = ahead
        let message = try client.update([Lines.address(number, 99), Lines.text(number, "role=data")])
        return client.signed(message, at: desk.wallSeconds, change)
    }

    @Test func `an unsigned update is refused and counted`() throws {
        var desk = try desk()
        let message = try client.update([Lines.address(20, 99), Lines.text(20, "role=data")])
        #expect(try desk.dig(message.bytes).header.code == .refused)
        #expect(desk.updateOutcomes == [.unsigned])
        #expect(try desk.hosts("data.rondo") == [2, 3])
    }

    @Test func `a wrongly signed update changes nothing and is counted by what is wrong`() throws {
        var desk = try desk()
        let other = try #require(DomainName("other"))
        let strange = Client(key: ClusterKey()).signed(try client.update([Lines.address(1, 99)]), at: desk.wallSeconds)
        let packets = [
            strange, try packet(20, desk) { $0.key = other }, try packet(20, desk, ahead: -400),
            try packet(20, desk, ahead: 400),
            client.signed(try client.update([Lines.address(1, 9)]), at: desk.wallSeconds, bytes: 16),
        ]
        for packet in packets { #expect(try desk.dig(packet).header.code == .notAuthoritative) }
        #expect(desk.updateOutcomes == [.badSignature, .badKey, .badTime, .badTime, .badTruncation])
        #expect(try desk.hosts("data.rondo") == [2, 3])
    }

    @Test func `a replayed update is refused, from elsewhere, over TCP, and after its lease was taken back`() throws {
        var desk = try desk()
        let update = try packet(20, desk)
        #expect(try desk.dig(update).header.code == .noError)
        try desk.update(client, [Lines.empty(Lines.name(20), .any, .any)])
        desk.effects = []
        for (transport, port) in [(.udp, 4001), (.tcp, 4000)] as [(DNSTransport, UInt16)] {
            guard case .reply(_, .refused) = desk.answer(update, over: transport, from: port) else {
                throw DNSError(reason: .foreign, offset: 0)
            }
        }
        #expect(desk.updateOutcomes == [.replayed, .replayed])
        #expect(try desk.hosts("data.rondo") == [2, 3])
    }

    @Test func `one that comes again because its answer was lost is answered again, not carried out again`() throws {
        var desk = try desk()
        let update = try packet(20, desk)
        #expect(try desk.dig(update).header.code == .noError)
        try desk.update(client, [Lines.empty(Lines.name(20), .any, .any)])
        desk.effects = []
        #expect(try desk.dig(update).header.code == .noError)
        #expect(desk.updateOutcomes == [.repeated])
        #expect(try desk.hosts("data.rondo") == [2, 3])
    }

    @Test func `one that was refused cannot be accepted later`() throws {
        var desk = try desk()
        let message = try client.update(
            [Lines.address(20, 99), Lines.text(20, "role=data")],
            requiring: [Lines.empty(Lines.name(21), .any, .any)])
        let update = client.signed(message, at: desk.wallSeconds)
        #expect(try desk.dig(update).header.code == .nameError)
        try desk.update(client, [Lines.address(21, 98), Lines.text(21, "role=router")])
        guard case .reply(_, .refused) = desk.answer(update, from: 4001) else {
            throw DNSError(reason: .foreign, offset: 0)
        }
        #expect(try desk.hosts("data.rondo") == [2, 3])
    }

    @Test func `one that is overtaken by a later one of the same name comes too late`() throws {
        var desk = try desk()
        let late = try packet(20, desk)
        let other = try packet(21, desk)
        desk.pass(.seconds(2))
        try desk.update(client, [Lines.address(20, 98), Lines.text(20, "role=data")])
        guard case .reply(let bytes, .notAuthoritative) = desk.answer(late) else {
            throw DNSError(reason: .foreign, offset: 0)
        }
        let signature = try client.signature(of: bytes, to: late)
        #expect(signature.error == .badTime && signature.other.count == 6)
        #expect(desk.updateOutcomes == [.accepted, .overtaken])
        #expect(try desk.dig(other).header.code == .noError, "another name's is not")
        #expect(try desk.hosts("data.rondo") == [2, 3, 98, 99])
    }

    @Test func `what was signed before the registry started may have been carried out already`() throws {
        var desk = try Desk(keys: [client.key])
        #expect(try desk.dig(packet(20, desk, ahead: -1)).header.code == .notAuthoritative)
        #expect(desk.updateOutcomes == [.overtaken])
        #expect(try desk.dig(packet(20, desk)).header.code == .noError)
    }

    @Test func `the memory is bounded, and what it forgets is refused by its time`() throws {
        var desk = try desk()
        desk.pass(.seconds(10))
        let first = TSIG(time: desk.wallSeconds - 5, originalID: 1)
        var memory = SignedUpdates(started: 0)
        for number in 0...SignedUpdates.maximum {
            var signature = first
            signature.code = Array("\(number)".utf8)
            signature.time += number == 0 ? 0 : 1
            let seen = SignedUpdates.Seen(
                source: Endpoint(.loopback, 1), transport: .udp, code: .noError)
            memory.remember(signature, seen, at: desk.wallSeconds)
        }
        var forgotten = first
        forgotten.code = Array("0".utf8)
        #expect(memory.answer(to: forgotten) == nil && forgotten.time < memory.floor)
        forgotten.code = Array("1".utf8)
        forgotten.time += 1
        #expect(memory.answer(to: forgotten) != nil && forgotten.time >= memory.floor)
        var later = first
        later.time += 10_000
        for number in 0..<2_000 {
            later.code = Array("later \(number)".utf8)
            memory.remember(
                later, .init(source: Endpoint(.loopback, 1), transport: .udp, code: .noError),
                at: later.time)
        }
        #expect(memory.answer(to: forgotten) == nil, "the clock refuses it by now")
    }
}
