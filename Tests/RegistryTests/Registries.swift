import Crypto
import Model
import Testing

@testable import Registry

/// Several registries with their links, and the servers that they ask, under a clock that the test moves.
struct Registries {
    /// What is on its way to a registry.
    private struct Delivery {
        var due: MonotonicTime
        var to: Int
        var event: RegistryEvent
    }

    var desks: [Desk] = []
    var now = Desk.start
    /// Registries whose process does not run; a stopped one keeps what comes for it.
    private(set) var down: Set<Int> = []
    private(set) var stopped: Set<Int> = []
    /// Pairs of registries, and of a registry and a server, that do not reach each other.
    var cuts: Set<[Int]> = []
    var blind: Set<[Int]> = []
    /// Signs updates with the registries' key.
    static let client: Client = {
        var generator = SeededGenerator(seed: 11)
        return Client(key: ClusterKey(using: &generator))
    }()
    /// The servers' processes.
    var lives: [Int: ServerLife] = [:]
    var roles: [Int: Role] = [:]
    private var sequences: [Int: UInt64] = [:]
    var loss = 0.0
    var twice = 0.0
    var delay: Duration = .milliseconds(1)
    private var wire: [Delivery] = []
    var random: SeededGenerator
    /// The last thing that each registry said.
    private(set) var lastMessages: [Int: RegistryMessage] = [:]
    /// The checks of servers that were made.
    private(set) var asked = 0

    /// - Parameter naming: of which others each registry was told at its start; nil: of all.
    init(_ count: Int, naming: [[Int]]? = nil, seed: UInt64 = 1) throws {
        random = SeededGenerator(seed: seed)
        for number in 0..<count {
            desks.append(try Self.desk(number, 1, naming?[number] ?? Array(0..<count), now))
        }
        for number in 0..<count { handle(.timerFired, at: number) }
    }

    private static func desk(_ number: Int, _ life: UInt64, _ named: [Int], _ now: MonotonicTime) throws -> Desk {
        try Desk(
            identity: identity(number, life), registries: named.map { identity($0, 1).peer }, keys: [client.key],
            at: now)
    }

    static func identity(_ number: Int, _ life: UInt64 = 1) -> RegistryIdentity {
        RegistryIdentity(
            life: ServerLife(id: ServerID(0xFFF0 + UInt128(number)), incarnation: Incarnation(life)),
            address: HostAddress(127, 0, 2, UInt8(number + 1)), peerPort: 7700, dnsPort: 5300, httpPort: 8080)
    }

    /// Registries past their first renewal period with the five ready servers of `Desk.withFive`, who renew at `first`.
    static func withFive(_ count: Int, at first: Int = 0, seed: UInt64 = 1) throws -> Registries {
        var all = try Registries(count, seed: seed)
        all.pass(.seconds(4))
        for number in 1...5 { all.start(number, number <= 2 ? .data : .router, at: first) }
        all.pass(.milliseconds(50))
        return all
    }
}

// What happens to servers and registries.
extension Registries {
    mutating func start(_ server: Int, _ role: Role, at registry: Int) {
        let next = lives[server].map { $0.incarnation.next } ?? Incarnation(1)
        lives[server] = ServerLife(id: ServerID(UInt128(server)), incarnation: next)
        roles[server] = role
        sequences[server] = 1
        renew(server, at: registry)
    }

    @discardableResult
    mutating func renew(_ server: Int, at registry: Int) -> LeaseAnswer? {
        guard let life = lives[server], let role = roles[server], isUp(registry),
            !blind.contains([registry, server])
        else { return nil }
        var request = Desk.request(server, life.incarnation.value)
        (request.held, request.state, request.ringSize) = (role, .ready, lives.count)
        request.sequence = sequences[server]
        request.registries = desks.indices.map { Self.identity($0).peer }
        return ask(request, at: registry)
    }

    @discardableResult
    mutating func ask(_ request: LeaseRequest, at registry: Int) -> LeaseAnswer? {
        handle(.leaseRequested(request, from: request.address), at: registry).compactMap {
            if case .answerLease(let answer) = $0 { answer } else { nil }
        }.first
    }

    mutating func change(_ server: Int, to role: Role) {
        roles[server] = role
        sequences[server, default: 0] += 1
    }

    /// An update that is signed now.
    func signed(_ updates: [DNSRecord]) throws -> [UInt8] {
        Self.client.signed(try Self.client.update(updates), at: Desk.wallSeconds(at: now))
    }

    /// The code of the answer to a packet at a registry's DNS port, and what became of the update in it.
    @discardableResult
    mutating func bring(
        _ packet: [UInt8], to number: Int, from port: UInt16 = 4000
    ) throws -> (code: ResponseCode, outcome: UpdateOutcome?) {
        desks[number].now = now
        desks[number].effects = []
        let reply = desks[number].answer(packet, from: port)
        let effects = desks[number].effects
        carryOut(effects, of: number)
        guard case .reply(_, let code) = reply else { throw DNSError(reason: .foreign, offset: 0) }
        return (code, desks[number].updateOutcomes.last)
    }

    mutating func report(_ server: Int, at registry: Int, confirmed: Bool = true) {
        let life = lives[server] ?? Desk.life(server)
        handle(
            .deathReported(DeathReport(reporter: Desk.life(9), accused: life, confirmed: confirmed)), at: registry)
    }

    /// Ends the process; the others see its connections close.
    mutating func kill(registry: Int) {
        down.insert(registry)
        wire.removeAll { $0.to == registry }
        for other in desks.indices where other != registry && !cuts.contains([registry, other].sorted()) {
            deliver(.linkClosed(desks[registry].registry.identity.life), to: other, after: delay)
        }
    }

    /// Starts it again with nothing but its identity.
    mutating func restart(registry: Int, naming: [Int]) throws {
        let life = desks[registry].registry.identity.life.incarnation.next
        desks[registry] = try Self.desk(registry, life.value, naming, now)
        down.remove(registry)
        handle(.timerFired, at: registry)
    }

    mutating func stop(registry: Int) { stopped.insert(registry) }

    /// What came meanwhile is taken at one instant.
    mutating func wake(registry: Int) {
        stopped.remove(registry)
        handle(.timerFired, at: registry)
    }

    func isUp(_ registry: Int) -> Bool { !down.contains(registry) && !stopped.contains(registry) }
}

// The world.
extension Registries {
    @discardableResult
    mutating func handle(_ event: RegistryEvent, at number: Int) -> [RegistryEffect] {
        guard isUp(number) else { return [] }
        desks[number].now = now
        desks[number].effects = []
        desks[number].handle(event)
        let effects = desks[number].effects
        carryOut(effects, of: number)
        return effects
    }

    private mutating func carryOut(_ effects: [RegistryEffect], of number: Int) {
        for effect in effects {
            switch effect {
            case .send(let message, let endpoint): send(message, to: endpoint, from: number)
            case .check(let check, let life, let peer, _): answer(check, life, peer, from: number)
            default: break
            }
        }
    }

    private mutating func send(_ message: RegistryMessage, to endpoint: Endpoint, from: Int) {
        lastMessages[from] = message
        let to = Int(endpoint.host.bytes[3]) - 1
        guard desks.indices.contains(to), !down.contains(to), !cuts.contains([from, to].sorted()) else { return }
        for _ in 0..<(chance(twice) ? 2 : 1) where !chance(loss) {
            deliver(.messageReceived(message), to: to, after: delay * (1 + Int.random(in: 0...3, using: &random)))
        }
    }

    /// Whoever is asked answers if it lives and is reached.
    private mutating func answer(_ check: UInt64, _ life: ServerLife, _ peer: Endpoint, from: Int) {
        if peer.host.bytes[2] == 2 {
            let other = Int(peer.host.bytes[3]) - 1
            let isThere = isUp(other) && !cuts.contains([from, other].sorted())
            let answerer = desks[other].registry.identity.life
            return deliver(
                isThere ? .checkAnswered(number: check, by: answerer) : .checkFailed(number: check), to: from,
                after: delay)
        }
        asked += 1
        let server = Int(peer.host.bytes[3]) - 1
        if let answerer = lives[server], !blind.contains([from, server]) {
            deliver(.checkAnswered(number: check, by: answerer), to: from, after: delay)
        } else {
            deliver(.checkFailed(number: check), to: from, after: delay)
        }
    }

    private mutating func chance(_ probability: Double) -> Bool {
        probability > 0 && Double.random(in: 0..<1, using: &random) < probability
    }

    private mutating func deliver(_ event: RegistryEvent, to number: Int, after wait: Duration) {
        wire.append(Delivery(due: now + wait, to: number, event: event))
    }

    /// Lets time go by.
    mutating func pass(_ duration: Duration) {
        let end = now + duration
        while happens(by: end) {}
        now = end
    }

    /// The same, calling `each` whenever something has happened.
    mutating func watch(_ duration: Duration, _ each: (inout Registries) throws -> Void) throws {
        let end = now + duration
        while happens(by: end) { try each(&self) }
        now = end
    }

    private mutating func happens(by end: MonotonicTime) -> Bool {
        let next = wire.indices.filter { !stopped.contains(wire[$0].to) }.min { wire[$0].due < wire[$1].due }
        let timers = desks.indices.filter(isUp).map { (desks[$0].registry.timer, $0) }.min { $0.0 < $1.0 }
        let due = min(next.map { wire[$0].due } ?? .distantFuture, timers?.0 ?? .distantFuture)
        if due > end { return false }
        now = max(now, due)
        if let next, wire[next].due <= due {
            let delivery = wire.remove(at: next)
            handle(delivery.event, at: delivery.to)
        } else if let timers {
            handle(.timerFired, at: timers.1)
        }
        return true
    }

    /// Every living server renews every three seconds at `registry`, as long as that runs.
    mutating func live(_ duration: Duration, renewingAt registry: (Int) -> Int) {
        let end = now + duration
        while now < end {
            for server in lives.keys.sorted() { renew(server, at: registry(server)) }
            pass(min(.seconds(3), end - now))
        }
    }

    /// The versions that a registry has, but for removals that it is about to forget.
    func map(_ registry: Int) -> [EntryVersion] {
        let registry = desks[registry].registry
        return registry.order.compactMap { registry.entries[$0] }
            .filter { $0.record != nil || $0.end - now > .seconds(1) }.map(\.version)
    }

    /// Whether all registries that run have one map.
    var agree: Bool { Set(desks.indices.filter(isUp).map { map($0) }).count == 1 }

    mutating func hosts(_ name: String, at registry: Int) throws -> [UInt8] {
        desks[registry].now = now
        desks[registry].effects = []
        let hosts = try desks[registry].hosts(name)
        carryOut(desks[registry].effects, of: registry)
        return hosts
    }

    /// How many services a name lists.
    mutating func services(_ name: String, at registry: Int) throws -> Int {
        desks[registry].now = now
        return try desks[registry].dig(name, .srv).answers.count
    }
}
