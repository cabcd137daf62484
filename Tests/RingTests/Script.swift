import Model

@testable import Ring

/// One machine played by hand: events in, effects out, time in milliseconds.
struct Script {
    var ring: Ring
    private(set) var now: Int64 = 0
    private(set) var timers: [Ring.Timer.Kind: (timer: Ring.Timer, time: MonotonicTime)] = [:]

    /// Server 1 or another of a ring that knows the servers 1 to `count`.
    init(servers count: UInt64, as number: UInt64 = 1, configure: (inout RosterEntry) -> Void = { _ in }) {
        var roster = Roster()
        for other in 1...max(2, count) where count > 1 && other != number {
            roster.merge(server(other, role: other % 2 == 0 ? .router : .data))
        }
        var own = server(number)
        configure(&own)
        ring = Ring(identity: Ring.Identity(entry: own, roleIsRemembered: !own.provisional), roster: roster, seed: 1)
        feed(.started(contacts: []))
    }

    @discardableResult
    mutating func feed(_ event: Ring.Event) -> [Ring.Effect] {
        var effects: [Ring.Effect] = []
        ring.handle(event, at: MonotonicTime(nanoseconds: now * 1_000_000), into: &effects)
        for effect in effects {
            if case .setTimer(let timer, let time) = effect { timers[timer.kind] = (timer, time) }
            if case .cancelTimer(let timer) = effect { timers[timer.kind] = nil }
        }
        return effects
    }

    /// Lets time pass and timers fire, in their order.
    @discardableResult
    mutating func wait(_ milliseconds: Int64) -> [Ring.Effect] {
        let end = now + milliseconds
        var effects: [Ring.Effect] = []
        while let next = timers.min(by: {
            ($0.value.time, $0.value.timer.generation) < ($1.value.time, $1.value.timer.generation)
        }),
            next.value.time.nanoseconds <= end * 1_000_000
        {
            timers[next.key] = nil
            now = max(now, (next.value.time.nanoseconds + 999_999) / 1_000_000)
            effects += feed(.timerFired(next.value.timer))
        }
        now = end
        return effects
    }

    /// Time passes without a single timer, as for a stopped process.
    mutating func freeze(_ milliseconds: Int64) { now += milliseconds }

    /// A sign of life from these servers.
    mutating func hear(_ numbers: UInt64...) {
        for number in numbers {
            feed(.messageReceived(.probeReport(subject: life(99), heard: true), from: life(number)))
        }
    }

    /// Lets time pass in which both successors show themselves.
    @discardableResult
    mutating func living(_ milliseconds: Int64) -> [Ring.Effect] {
        var effects: [Ring.Effect] = []
        for _ in 0..<milliseconds / 50 {
            effects += wait(50)
            hear(2, 3)
        }
        return effects
    }

    func state(_ number: UInt64) -> ServerState? { ring.state(of: ServerID(UInt128(number))) }
}

func life(_ number: UInt64, _ incarnation: UInt64 = 1) -> ServerLife {
    ServerLife(id: ServerID(UInt128(number)), incarnation: Incarnation(incarnation))
}

extension [Ring.Effect] {
    /// The messages sent, with the number of their receiver.
    var sent: [(to: UInt64, message: Ring.Message, id: Ring.MessageID)] {
        compactMap { effect in
            guard case .send(let message, let id, let life, let endpoint, _) = effect else { return nil }
            return (life.map { UInt64($0.id.value) } ?? UInt64(endpoint.host.value & 255), message, id)
        }
    }

    var observations: [Ring.Observation] {
        compactMap { if case .report(let observation) = $0 { observation } else { nil } }
    }

    /// Pings and their answers.
    var probes: [Probe] { datagrams.filter { $0.kind != .heartbeat } }
    var heartbeats: [Probe] { datagrams.filter { $0.kind == .heartbeat } }

    private var datagrams: [Probe] { compactMap { if case .sendProbe(let probe, _) = $0 { probe } else { nil } } }

    var asked: [UInt64] { sent.compactMap { if case .probeRequest = $0.message { $0.to } else { nil } } }
}
