import Model
import Ring
import Simulation
import Testing

// The words of the histories.
extension RingWorld {
    /// A ring that has known itself for long, two seconds after the world's beginning.
    static func long(_ count: Int, seed: UInt64 = 1, registries: Int = 1) -> RingWorld {
        var world = RingWorld(seed: seed, registries: registries)
        world.addSettledRing(of: count)
        world.run(for: .seconds(2))
        return world
    }

    /// The indices of the running servers in the order of the ring.
    var order: [Int] { running.map(\.index) }

    /// The indices of the running servers of a role.
    func holders(of role: Role) -> [Int] { running.filter { $0.ring?.own.role == role }.map(\.index) }

    func deaths(since time: MonotonicTime = .zero) -> Int { count(since: time, ScenarioTests.died) }
    func switches(since time: MonotonicTime = .zero) -> Int { count(since: time, ScenarioTests.switched) }

    func instructions(since time: MonotonicTime = .zero) -> Int {
        count(since: time) { if case .imbalanceSent = $0 { true } else { false } }
    }

    /// Whether every server of a part sees exactly that part.
    func isWhole(_ part: [Int]) -> Bool {
        let lives = Set(part.compactMap { servers[$0].life })
        return part.allSatisfy { Set(servers[$0].ring?.roster.present.map(\.life) ?? []) == lives }
    }

    /// Whether somebody outside `exceptions` holds a running server for dead.
    func isSlandered(exceptBy exceptions: Set<Int> = []) -> Bool {
        let lives = running.compactMap(\.life)
        return running.contains { server in
            !exceptions.contains(server.index)
                && lives.contains { server.ring?.roster[$0.id].map { !$0.isPresent } == true }
        }
    }

    /// Lets time pass step by step while something holds.
    /// - Returns: when it first did not, nil if it always did.
    mutating func run(for duration: Duration, while holds: (RingWorld) -> Bool) -> MonotonicTime? {
        let end = now + duration
        while now < end {
            run(for: .milliseconds(10))
            if !holds(self) { return now }
        }
        return nil
    }

    /// Lets time pass until somebody reports such a thing, to the very event.
    mutating func runUntilNoted(
        within limit: Duration, _ matches: (Ring.Observation) -> Bool
    ) -> Note? {
        let (start, end) = (notes.count, now + limit)
        while now < end {
            run(for: .microseconds(50))
            if let note = notes[start...].first(where: { matches($0.observation) }) { return note }
        }
        return nil
    }
}
