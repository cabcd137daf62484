package import Model
package import Registry
package import Ring

/// A world of ring servers and registries on one thread: one seed replays one history exactly.
package struct RingWorld {
    /// What can happen in it.
    package enum Happening {
        case launch(Int)
        /// No registry has answered a server that starts.
        case unanswered(Int, run: Int)
        /// A write is on the disk.
        case stored(Int, run: Int, UInt64)
        /// An overloaded machine gets round to the next thing.
        case catchUp(Int)
        case event(Int, run: Int, Ring.Event)
        indirect case message(
            from: Int, fromRun: Int, sender: ServerLife, to: Int, Ring.Message, Ring.MessageID, meant: ServerLife?)
        case answer(Int, run: Int, Ring.MessageID, by: ServerLife)
        case deadline(Int, run: Int, Ring.MessageID, Ring.LossReason)
        /// At the registry, from a server.
        indirect case leaseRequested(LeaseRequest, LeaseReply)
        /// At the server; nil for no answer.
        indirect case leaseAnswered(LeaseReply, LeaseAnswer?)
        /// Time to ask again.
        case leaseTurn(LeaseReply)
        case twinChecked(Int, run: Int, host: Int?, Incarnation?)
        case goodbye(Int, run: Int)
        /// At the server, from a registry that wants to know whether it lives.
        case checkArrived(Int, registry: Int, run: Int, number: UInt64)
        case registryTimer(Int, run: Int, number: UInt64)
        indirect case registryEvent(Int, run: Int, RegistryEvent)
    }

    /// An observation, with its time and its observer.
    package struct Note {
        package let time: MonotonicTime
        package let server: Int
        package let observation: Ring.Observation
    }

    package internal(set) var now = MonotonicTime.zero
    package internal(set) var servers: [SimulatedServer] = []
    package var network: SimulatedNetwork
    package internal(set) var registries: [SimulatedRegistry] = []
    package var configuration: Ring.Configuration
    /// What the servers reported, in order.
    package internal(set) var notes: [Note] = []
    /// A hash over everything that happened: equal histories have equal traces, in every process.
    package internal(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325
    /// Whether the bytes are counted that servers send and receive, which takes time.
    package var countsTraffic = false
    /// How many roster entries the messages carried that servers sent.
    package internal(set) var told = 0
    /// How many events the machines handled.
    package internal(set) var handled = 0
    /// Rules that were broken on the way.
    package internal(set) var violations: [Violation] = []
    /// The alerts that made a manager.
    package internal(set) var rounds: [FinishedRound] = []

    var queue = EventQueue<Happening>()
    var generator: SeededGenerator
    var places: [Endpoint: Int] = [:]
    /// Some server is not at the address any more that its number gave it.
    var haveMoved = false
    var arrivedAlert: Alert?
    var names = NameMemory()
    private var effects: [Ring.Effect] = []

    /// - Parameter registries: how many of them run, and have been running for a while.
    package init(seed: UInt64, registries: Int = 1, configuration: Ring.Configuration = Ring.Configuration()) {
        generator = SeededGenerator(seed: seed)
        network = SimulatedNetwork(seed: generator.next())
        self.configuration = configuration
        for _ in 0..<registries { startRegistry(addRegistry(), age: .seconds(60)) }
    }

    /// Adds a host; its server is started with `start`.
    @discardableResult
    package mutating func addServer(pinned: Bool = false, role: Role? = nil, registries: [Int]? = nil) -> Int {
        let index = servers.count
        let host = HostAddress(10, UInt8(index >> 16 & 255), UInt8(index >> 8 & 255), UInt8(index & 255))
        var server = SimulatedServer(
            index: index, id: ServerID.random(using: &generator), endpoint: Endpoint(host, 7700))
        server.isPinned = pinned
        server.namedRegistries = registries
        server.wantedRole = role
        server.clocks.monotonicStart = .milliseconds(Int64.random(in: 0...1_000_000_000, using: &generator))
        places[server.endpoint] = index
        servers.append(server)
        return index
    }

    /// Whose address it is; of one that never changed, by its number.
    func place(of endpoint: Endpoint) -> Int? {
        let number = Int(endpoint.host.value & 0xFF_FFFF)
        if !haveMoved, number < servers.count, servers[number].endpoint == endpoint { return number }
        return places[endpoint]
    }

    /// Adds servers that have known each other for long, in the roles that the target asks for.
    package mutating func addSettledRing(of count: Int) {
        let first = servers.count
        for _ in 0..<count { addServer() }
        let target = RoleCounts.target(servers: count)
        var roster = Roster()
        for index in first..<servers.count {
            servers[index].disk.home.role = index - first < target.data ? .data : .router
            servers[index].disk.home.incarnation = Incarnation(1)
            var entry = entry(of: index, incarnation: Incarnation(1))
            entry.version = 2
            roster.merge(entry)
        }
        for index in first..<servers.count {
            servers[index].run += 1
            servers[index].process = .starting
            boot(index, role: nil, contacts: [], roster: roster)
            settleLeases(of: index)
        }
    }

    /// Lets time pass.
    package mutating func run(for duration: Duration) { run(until: now + duration) }

    package mutating func run(until end: MonotonicTime) {
        var atOnce = 0
        while let next = queue.next(until: end) {
            atOnce = next.time == now ? atOnce + 1 : 0
            if atOnce > 1_000_000 {
                violate(.progress, "time stands still")
                break
            }
            now = next.time
            if names.isOn, now >= names.nextLook { lookAtNames() }
            perform(next.happening)
        }
        now = max(now, end)
    }

    /// Lets time pass until something holds.
    /// - Returns: when it held, or nil if it did not within `limit`.
    package mutating func run(within limit: Duration, until holds: (RingWorld) -> Bool) -> MonotonicTime? {
        let end = now + limit
        while now < end {
            if holds(self) { return now }
            run(until: min(end, now + .milliseconds(10)))
        }
        return holds(self) ? now : nil
    }

    mutating func schedule(_ happening: Happening, after duration: Duration) {
        queue.schedule(happening, at: now + duration)
    }

    /// Gives an event to a server's machine and carries out what it asks for.
    mutating func feed(_ event: Ring.Event, to index: Int) {
        guard servers[index].ring != nil else { return }
        handled += 1
        noteArrival(event, at: index)
        var effects = self.effects
        self.effects = []
        effects.removeAll(keepingCapacity: true)
        let digest = servers[index].play(event, at: now, into: &effects)
        record(UInt64(index), digest, UInt64(effects.count))
        for effect in effects {
            guard servers[index].ring != nil else { break }
            carryOut(effect, of: index)
        }
        arrivedAlert = nil
        self.effects = effects
    }

    /// Without a list of them, which would be on the heap for every event.
    mutating func record(_ first: UInt64, _ second: UInt64 = 0, _ third: UInt64 = 0) {
        mix(UInt64(bitPattern: now.nanoseconds))
        mix(first)
        mix(second)
        mix(third)
    }

    private mutating func mix(_ word: UInt64) {
        trace = (trace ^ word) &* 0x0000_0100_0000_01B3
        trace ^= trace >> 29
    }
}
