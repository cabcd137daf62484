import Crypto
import Model
import Testing

@testable import Registry

/// A registry with a clock that the test moves, and everything that it wanted done.
struct Desk {
    static let start = MonotonicTime(nanoseconds: 1_000_000_000_000)
    /// The time by the wall clock when the registry starts.
    static let wallStart: UInt64 = 1_800_000_000

    var registry: Registry
    var now = Desk.start
    var effects: [RegistryEffect] = []

    init(zone text: String = "rondo", seed: UInt64 = 7, keys: [ClusterKey] = []) throws {
        let zone = try #require(Zone(text))
        let identity = RegistryIdentity(
            life: ServerLife(id: ServerID(0xFFFF), incarnation: Incarnation(1)), address: HostAddress(127, 0, 1, 1),
            peerPort: 7700, dnsPort: 5300, httpPort: 8080)
        registry = Registry(
            identity: identity, zone: zone, keys: keys, wallSeconds: Desk.wallStart, serial: 100, seed: seed,
            now: Desk.start)
        handle(.timerFired)
    }

    /// One of several registries, not yet called.
    init(identity: RegistryIdentity, registries: [Endpoint], keys: [ClusterKey], at time: MonotonicTime) throws {
        let zone = try #require(Zone("rondo"))
        registry = Registry(
            identity: identity, zone: zone, registries: registries, keys: keys,
            wallSeconds: Desk.wallSeconds(at: time), serial: 100,
            seed: UInt64(truncatingIfNeeded: identity.life.id.value), now: time)
        now = time
    }

    /// A registry past its first renewal period with two Data servers, 1 and 2, and three Routers, 3 to 5, all ready.
    static func withFive(keys: [ClusterKey] = []) throws -> Desk {
        var desk = try Desk(keys: keys)
        desk.pass(.seconds(4))
        for number in 1...5 { desk.ready(number, number <= 2 ? .data : .router) }
        desk.effects = []
        return desk
    }

    mutating func handle(_ event: RegistryEvent) { registry.handle(event, at: now, into: &effects) }

    /// Lets time go by, the timers being called when they are due.
    mutating func pass(_ duration: Duration) {
        let end = now + duration
        while registry.timer <= end {
            now = max(now, registry.timer)
            handle(.timerFired)
        }
        now = end
    }

    static func life(_ number: Int, _ incarnation: UInt64 = 1) -> ServerLife {
        ServerLife(id: ServerID(UInt128(number)), incarnation: Incarnation(incarnation))
    }

    static func request(_ number: Int, _ incarnation: UInt64 = 1) -> LeaseRequest {
        LeaseRequest(
            life: life(number, incarnation), address: HostAddress(127, 0, 1, UInt8(number + 1)), peerPort: 7700,
            httpPort: 8080, state: .starting)
    }

    mutating func ask(_ request: LeaseRequest) throws -> LeaseAnswer {
        let before = effects.count
        handle(.leaseRequested(request, from: request.address))
        let answers = effects[before...].compactMap { if case .answerLease(let answer) = $0 { answer } else { nil } }
        #expect(answers.count == 1)
        return try #require(answers.first)
    }

    @discardableResult
    mutating func ready(
        _ number: Int, _ role: Role, incarnation: UInt64 = 1, ringSize: Int? = 5
    ) -> LeaseAnswer? {
        var request = Desk.request(number, incarnation)
        request.held = role
        request.state = .ready
        request.ringSize = ringSize
        return try? ask(request)
    }

    mutating func report(_ number: Int, _ incarnation: UInt64 = 1, confirmed: Bool = true) {
        handle(
            .deathReported(
                DeathReport(reporter: Desk.life(9), accused: Desk.life(number, incarnation), confirmed: confirmed)))
    }

    /// The checks that were asked for since `effects` was last emptied, by server.
    var checks: [(number: UInt64, life: ServerLife)] {
        effects.compactMap { if case .check(let number, let life, _, _) = $0 { (number, life) } else { nil } }
    }

    mutating func answerChecks() {
        for check in checks { handle(.checkAnswered(number: check.number, by: check.life)) }
    }

    mutating func failChecks() {
        for check in checks { handle(.checkFailed(number: check.number)) }
    }

    mutating func dig(
        _ name: String, _ type: RecordType = .a, over transport: DNSTransport = .udp
    ) throws -> DNSMessage {
        let query = DNSQuery(id: 77, try #require(DomainName(name)), type)
        return try dig(query.bytes, over: transport)
    }

    mutating func dig(_ packet: [UInt8], over transport: DNSTransport = .udp) throws -> DNSMessage {
        let outcome = answer(packet, over: transport)
        guard case .reply(let bytes, let code) = outcome else {
            Issue.record("the query was dropped")
            throw DNSError(reason: .endsEarly, offset: 0)
        }
        let message = try DNSMessage(parsing: bytes)
        #expect(message.header.isResponse && !message.header.offersRecursion)
        #expect(message.header.code.value == code.value & 15)
        return message
    }

    mutating func answer(
        _ packet: [UInt8], over transport: DNSTransport = .udp, from port: UInt16 = 4000
    ) -> DNSOutcome {
        let source = Endpoint(HostAddress(10, 9, 9, 9), port)
        let arrival = DNSArrival(over: transport, from: source, wallSeconds: wallSeconds)
        return registry.answer(packet, arrival, at: now, into: &effects)
    }

    /// The wall clock, which goes with the other one.
    var wallSeconds: UInt64 { Desk.wallSeconds(at: now) }

    static func wallSeconds(at time: MonotonicTime) -> UInt64 {
        wallStart + UInt64(max(0, (time - start).milliseconds) / 1000)
    }

    /// The last bytes of the addresses that a name has.
    mutating func hosts(_ name: String) throws -> [UInt8] {
        try dig(name).answers.map { record in
            guard case .address(let address) = record.data else { return 0 }
            return address.bytes[3]
        }.sorted()
    }
}
