import Model
import Ring
import Simulation
import Testing

/// Who is held dead, and how soon: bounds on false deaths and on detection under every kind of bad path and machine.
@Suite struct DetectionTests {
    /// How long until every server that runs holds a server dead that is not there any more.
    private static func detection(of victim: Int, in world: inout RingWorld, within limit: Duration) -> Duration? {
        let (start, id) = (world.now, world.servers[victim].id)
        let time = world.run(within: limit) { world in
            world.running.allSatisfy {
                $0.index == victim || $0.ring?.roster[id].map { !$0.isPresent } ?? true
            }
        }
        return time.map { $0 - start }
    }

    @Test(arguments: [5, 10, 30]) func `A kill is known everywhere within 300 ms, a lost cable within 1.5 s`(
        count: Int
    ) throws {
        var world = RingWorld.long(count, seed: UInt64(count))
        world.kill(0)
        let killed = DetectionTests.detection(of: 0, in: &world, within: .seconds(2))
        #expect(try #require(killed) < .milliseconds(count > 10 ? 600 : 300))
        world.run(for: .seconds(3))
        world.vanish(1)
        let vanished = DetectionTests.detection(of: 1, in: &world, within: .seconds(3))
        #expect(try #require(vanished) < .milliseconds(1_500))
    }

    /// Every packet of one host is lost on its way out, and it hears all.
    @Test(arguments: 1...5) func `A server that nobody hears is dead everywhere within 1.5 s`(seed: UInt64) throws {
        var world = RingWorld.long(7, seed: seed)
        for other in 1..<7 { world.network.cut(from: 0, to: other) }
        let (start, id) = (world.now, world.servers[0].id)
        let time = world.run(within: .seconds(3)) { world in
            (1..<7).allSatisfy { world.servers[$0].ring?.roster[id]?.state == .dead }
        }
        #expect(try #require(time) - start < .milliseconds(1_500))
        // Nobody else suffers from it.
        #expect(
            (1..<7).allSatisfy { observer in
                (1..<7).allSatisfy { world.servers[observer].ring?.roster[world.servers[$0].id]?.isPresent == true }
            })
        world.network.mend()
        #expect(world.run(within: .seconds(2), until: \.isOneRing) != nil, "\(world.ringFaults)")
    }

    @Test(arguments: 1...5) func `Thirty percent of lost packets kill nobody in a minute and hide no death`(
        seed: UInt64
    ) throws {
        var world = RingWorld.long(7, seed: seed)
        world.network.loss = 0.3
        world.run(for: .seconds(60))
        #expect(world.deaths() == 0, "\(world.history())")
        world.kill(0)
        let known = DetectionTests.detection(of: 0, in: &world, within: .seconds(5))
        #expect(try #require(known) < .seconds(3), "\(world.history())")
    }

    /// One path alone is bad: the worst that a broken cable does.
    @Test(arguments: 1...5) func `Eighty percent of loss at one host accuse nobody else`(seed: UInt64) {
        var world = RingWorld.long(10, seed: seed)
        world.network.losses[3] = 0.8
        world.run(for: .seconds(30))
        let bad = world.servers[3].id
        for note in world.notes where note.server != 3 {
            guard case .died(let life, _, _) = note.observation else { continue }
            #expect(life.id == bad, "\(note)")
        }
        world.network.calm()
        #expect(world.run(within: .seconds(3), until: \.isOneRing) != nil, "\(world.ringFaults)")
    }

    @Test(arguments: 1...3) func `Pauses of 250 ms every minute, loss and jitter kill nobody`(seed: UInt64) {
        var world = RingWorld.long(6, seed: seed)
        world.network.loss = 0.05
        world.network.jitter = .milliseconds(50)
        for minute in 0..<3 {
            for index in 0..<6 {
                world.run(for: .seconds(5))
                world.pause(index)
                world.run(for: .milliseconds(250))
                world.resume(index)
            }
            world.run(for: .seconds(28 + Int64(minute)))
        }
        #expect(world.deaths() == 0, "\(world.history())")
    }

    @Test(arguments: 1...6) func `A server stopped for 10 s is dead within 1.5 s and back within 1 s`(
        seed: UInt64
    )
        throws
    {
        var world = RingWorld.long(5, seed: seed)
        let victim = Int(seed) % 5
        world.pause(victim)
        let known = DetectionTests.detection(of: victim, in: &world, within: .seconds(3))
        #expect(try #require(known) < .milliseconds(1_500))
        world.run(for: .seconds(10) - (known ?? .zero))
        // No other one was held dead, and it accuses nobody when it wakes with an old role and old news.
        #expect(world.deaths() <= 2)
        let start = world.now
        world.resume(victim)
        #expect(world.run(within: .seconds(1), until: \.isOneRing) != nil, "\(world.ringFaults)")
        world.run(for: .seconds(20))
        #expect(world.deaths(since: start) == 0, "\(world.history(since: start))")
    }

    @Test(arguments: 1...5)
    func `A machine late by up to 400 ms is not held dead, nor holds others dead`(
        seed: UInt64
    ) {
        var world = RingWorld.long(5, seed: seed)
        world.overload(0, by: .milliseconds(400))
        world.run(for: .seconds(60))
        #expect(world.deaths() == 0, "\(world.history())")
    }

    @Test(arguments: 1...5) func `A machine late by two seconds accuses nobody, and is back when it has time`(
        seed: UInt64
    ) {
        var world = RingWorld.long(5, seed: seed)
        world.overload(0, by: .seconds(2))
        world.run(for: .seconds(30))
        let id = world.servers[0].id
        for note in world.notes {
            guard case .died(let life, _, _) = note.observation else { continue }
            #expect(life.id == id, "\(note)")
        }
        world.overload(0, by: nil)
        #expect(world.run(within: .seconds(3), until: \.isOneRing) != nil, "\(world.ringFaults)")
    }

    /// 10⁵ server-seconds in `make test`; `rondo simulate` and the benches play more.
    @Test(arguments: 1...5) func `Three hours of loss, jitter and pauses kill nobody`(seed: UInt64) {
        var world = RingWorld.long(5, seed: 900 + seed)
        world.network.loss = 0.05
        world.network.jitter = .milliseconds(50)
        for minute in 0..<10 {
            world.run(for: .seconds(59))
            world.pause(minute % 5)
            world.run(for: .milliseconds(250))
            world.resume(minute % 5)
        }
        #expect(world.deaths() == 0, "\(world.history())")
    }
}
