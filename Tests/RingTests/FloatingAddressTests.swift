import Model
import Ring
import Testing

/// Servers that share one floating address, on a network that a test cuts and heals. Rosters come as the ring's own
/// simulator gives them: a closed connection is news at once, silence after a second.
private struct Street {
    private enum Incoming {
        case event(FloatingAddress.Event)
        case question(FloatingAddress.Word, from: Int, at: MonotonicTime)
        /// What each sees of the others.
        case sight
    }

    private struct Delivery {
        let at: MonotonicTime
        let order: Int
        let server: Int
        let what: Incoming
    }

    private(set) var now = MonotonicTime(nanoseconds: 1)
    private var machines: [FloatingAddress]
    private var queue: [Delivery] = []
    private var order = 0
    private var timers: [MonotonicTime?]
    private var generator: SeededGenerator
    /// Servers that run; a stopped one keeps what it had, and its address.
    var isRunning: [Bool]
    private(set) var isStopped: [Bool]
    /// Groups that reach each other.
    private(set) var side: [Int]
    private(set) var routers: Set<Int>
    /// One in so many messages is lost.
    var loss = 0.0
    /// Every time that somebody took the address: who, when.
    private(set) var takes: [(server: Int, at: MonotonicTime)] = []
    /// The longest time that two running servers had it which could reach each other, and the longest without anybody.
    private(set) var doubleHeld = Duration.zero
    private var doubleSince: MonotonicTime?

    init(_ count: Int, routers: Set<Int>, seed: UInt64 = 1) {
        machines = (0..<count).map { FloatingAddress(own: Self.id($0)) }
        timers = Array(repeating: nil, count: count)
        generator = SeededGenerator(seed: seed)
        isRunning = Array(repeating: true, count: count)
        isStopped = Array(repeating: false, count: count)
        side = Array(repeating: 0, count: count)
        self.routers = routers
        for server in 0..<count {
            see(server)
            feed(server, .readinessChanged(routers.contains(server)))
        }
    }

    static func id(_ server: Int) -> ServerID { ServerID(UInt128(100 + server)) }

    var holders: [Int] { machines.indices.filter { isRunning[$0] && machines[$0].isHolding } }
    var liveHolders: [Int] { holders.filter { !isStopped[$0] } }

    private func reaches(_ one: Int, _ other: Int) -> Bool { isRunning[other] && side[one] == side[other] }

    mutating func kill(_ server: Int) {
        isRunning[server] = false
        news(after: .milliseconds(20))
    }

    mutating func stop(_ server: Int) {
        isStopped[server] = true
        news(after: .milliseconds(1_100))
    }

    mutating func proceed(_ server: Int) {
        isStopped[server] = false
        news(after: .milliseconds(300))
    }

    mutating func split(_ sides: [Int]) {
        side = sides
        news(after: .milliseconds(1_100))
    }

    mutating func heal() {
        side = side.map { _ in 0 }
        news(after: .milliseconds(900))
    }

    mutating func retire(_ server: Int) {
        routers.remove(server)
        feed(server, .readinessChanged(false))
        news(after: .milliseconds(5))
    }

    private mutating func news(after delay: Duration) {
        for server in machines.indices {
            let late = Duration.milliseconds(Int.random(in: 0...50, using: &generator))
            put(.sight, to: server, at: now + delay + late)
        }
    }

    private mutating func see(_ server: Int) {
        let seen = machines.indices.filter { $0 == server || reaches(server, $0) && !isStopped[$0] }
        feed(
            server,
            .rosterChanged(
                members: seen.map(Self.id), routers: Set(seen.filter(routers.contains).map(Self.id))))
    }

    private mutating func put(_ what: Incoming, to server: Int, at time: MonotonicTime) {
        order += 1
        queue.append(Delivery(at: time, order: order, server: server, what: what))
    }

    private mutating func feed(_ server: Int, _ event: FloatingAddress.Event) {
        var effects: [FloatingAddress.Effect] = []
        machines[server].handle(event, at: now, into: &effects)
        for effect in effects {
            switch effect {
            case .take: takes.append((server, now))
            case .release, .announce: break
            case .setTimer(let time): timers[server] = time
            case .tell(let id):
                guard let other = machines.indices.first(where: { Self.id($0) == id }), arrives(server, other) else {
                    continue
                }
                put(.question(machines[server].word(at: now), from: server, at: now), to: other, at: now + delay())
            }
        }
    }

    private mutating func arrives(_ one: Int, _ other: Int) -> Bool {
        reaches(one, other) && Double.random(in: 0..<1, using: &generator) >= loss
    }

    private mutating func delay() -> Duration { .microseconds(Int.random(in: 200...4_000, using: &generator)) }

    /// Plays until a time; a server that is stopped takes nothing in until it goes on.
    mutating func run(for duration: Duration) {
        let end = now + duration
        while true {
            let waiting = queue.filter { !isStopped[$0.server] }.min { ($0.at, $0.order) < ($1.at, $1.order) }
            let timer = timers.indices.filter { timers[$0] != nil && isRunning[$0] && !isStopped[$0] }
                .min { (timers[$0] ?? now) < (timers[$1] ?? now) }
            let next = [waiting?.at, timer.flatMap { timers[$0] }].compactMap(\.self).min() ?? end
            guard next < end else { break }
            now = max(now, next)
            if let waiting, waiting.at <= next {
                queue.removeAll { $0.order == waiting.order }
                if isRunning[waiting.server] { take(waiting) }
            } else if let timer {
                timers[timer] = nil
                feed(timer, .timerFired)
            }
            watch()
        }
        now = end
        watch()
    }

    private mutating func take(_ delivery: Delivery) {
        let server = delivery.server
        switch delivery.what {
        case .sight: see(server)
        case .event(let event): feed(server, event)
        case .question(let word, let from, let time):
            feed(server, .told(word, by: Self.id(from)))
            guard arrives(server, from) else { return }
            let answer = FloatingAddress.Event.answered(
                machines[server].word(at: now), by: Self.id(server), toldAt: time)
            put(.event(answer), to: from, at: now + delay())
        }
    }

    private mutating func watch() {
        let live = liveHolders
        let isDouble = live.contains { one in live.contains { $0 != one && side[$0] == side[one] } }
        if isDouble {
            doubleSince = doubleSince ?? now
            doubleHeld = max(doubleHeld, now - (doubleSince ?? now))
        } else {
            doubleSince = nil
        }
    }
}

@Suite struct FloatingAddressTests {
    private func street(_ seed: UInt64 = 1) -> Street {
        var street = Street(5, routers: [1, 2, 4], seed: seed)
        street.run(for: .seconds(3))
        return street
    }

    @Test func `One Router takes the address, and keeps it while nothing happens`() {
        var street = street()
        #expect(street.liveHolders == [1])
        street.run(for: .seconds(60))
        #expect(street.takes.count == 1 && street.doubleHeld == .zero)
    }

    @Test func `A holder that is killed is followed at once by the next Router clockwise`() {
        var street = street()
        let killedAt = street.now
        street.kill(1)
        street.run(for: .seconds(1))
        #expect(street.liveHolders == [2])
        #expect(street.takes[1].at - killedAt < .milliseconds(100))
    }

    @Test func `A holder that is cut off gives up before the next one takes, and stays without when it is back`() {
        for seed in 1...50 {
            var street = street(UInt64(seed))
            let cutAt = street.now
            street.split([0, 1, 0, 0, 0])
            street.run(for: .milliseconds(550))
            #expect(street.liveHolders.isEmpty, "seed \(seed)")
            street.run(for: .milliseconds(450))
            #expect(street.liveHolders == [2], "seed \(seed)")
            #expect(street.takes[1].at - cutAt < .milliseconds(800), "seed \(seed)")
            street.run(for: .seconds(20))
            #expect(street.liveHolders == [2], "seed \(seed)")
            street.heal()
            street.run(for: .seconds(5))
            #expect(street.liveHolders == [2] && street.takes.count == 2, "seed \(seed)")
        }
    }

    @Test func `A holder that was stopped gives up when it goes on, because another one has the address`() {
        var street = street()
        street.stop(1)
        street.run(for: .seconds(5))
        #expect(street.liveHolders == [2] && street.holders == [1, 2])
        street.proceed(1)
        street.run(for: .seconds(3))
        #expect(street.liveHolders == [2])
        #expect(street.doubleHeld < .milliseconds(20))
    }

    @Test func `A stop that nobody noticed does not let two have it`() {
        for seed in 1...50 {
            var street = street(UInt64(seed))
            street.stop(1)
            street.run(for: .milliseconds(500 + 10 * seed))
            street.proceed(1)
            street.run(for: .seconds(3))
            #expect(street.liveHolders.count == 1, "seed \(seed)")
            #expect(street.doubleHeld < .milliseconds(20), "seed \(seed): \(street.doubleHeld)")
        }
    }

    @Test func `Where a ring is split each side has a holder, and one of the two gives up when it heals`() {
        var street = street()
        street.split([0, 0, 1, 1, 1])
        street.run(for: .seconds(5))
        #expect(street.liveHolders.count == 2)
        street.heal()
        street.run(for: .seconds(5))
        #expect(street.liveHolders.count == 1)
        // Until the two sides are one ring, neither knows of the other; from then on it is a matter of milliseconds.
        #expect(street.doubleHeld < .milliseconds(1_000))
    }

    @Test func `A Router that is no Router any more hands the address on without a pause`() {
        var street = street()
        let retiredAt = street.now
        street.retire(1)
        street.run(for: .seconds(1))
        #expect(street.liveHolders == [2])
        #expect(street.takes[1].at - retiredAt < .milliseconds(50))
    }

    @Test func `A Router that sees nobody has it where a registry answers, and gives it up where none does`() {
        var machine = FloatingAddress(own: ServerID(1))
        var effects: [FloatingAddress.Effect] = []
        var now = MonotonicTime(nanoseconds: 1)
        func tick(_ machine: inout FloatingAddress, _ seconds: Int) {
            for _ in 0..<seconds * 10 {
                now = now + .milliseconds(100)
                machine.handle(.timerFired, at: now, into: &effects)
            }
        }
        machine.handle(.rosterChanged(members: [ServerID(1)], routers: [ServerID(1)]), at: now, into: &effects)
        machine.handle(.readinessChanged(true), at: now, into: &effects)
        tick(&machine, 10)
        #expect(!machine.isHolding, "nobody answers, nobody may be there")
        machine.handle(.solitudeChanged(true), at: now, into: &effects)
        tick(&machine, 1)
        #expect(machine.isHolding)
        machine.handle(.solitudeChanged(false), at: now, into: &effects)
        tick(&machine, 1)
        #expect(!machine.isHolding && effects.contains(.release))
    }

    @Test func `Whatever is killed, stopped, cut and lost, there is one holder again soon after`() {
        for seed in 1...60 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let count = Int.random(in: 3...9, using: &generator)
            let routers = Set((0..<count).filter { $0 % 5 > 1 || $0 == 0 })
            var street = Street(count, routers: routers, seed: UInt64(seed))
            street.loss = 0.05
            street.run(for: .seconds(4))
            for _ in 0..<6 {
                let server = Int.random(in: 0..<count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0 where street.isRunning.filter(\.self).count > 3: street.kill(server)
                case 1: street.stop(server)
                case 2: street.split((0..<count).map { _ in Int.random(in: 0...1, using: &generator) })
                default: street.heal()
                }
                street.run(for: .milliseconds(Int.random(in: 100...4_000, using: &generator)))
            }
            for server in 0..<count where street.isStopped[server] { street.proceed(server) }
            street.heal()
            street.loss = 0
            street.run(for: .seconds(6))
            let alive = street.isRunning.indices.filter { street.isRunning[$0] }
            guard alive.contains(where: routers.contains), alive.count > 1 else { continue }
            #expect(street.liveHolders.count == 1, "seed \(seed): \(street.liveHolders)")
        }
    }
}
