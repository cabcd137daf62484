import Model
import Testing

@testable import Ring

@Suite struct FailureDetectorTests {
    private let endpoint = Endpoint(HostAddress(10, 0, 0, 2), 7700)

    @Test func `Both observers get a heartbeat every 200 ms, and nobody is probed whose own come`() {
        var script = Script(servers: 5)
        var shown: [UInt128] = []
        var probed: [UInt128] = []
        for _ in 0..<20 {
            let effects = script.wait(50)
            shown += effects.heartbeats.map(\.to.id.value)
            probed += effects.probes.map(\.to.id.value)
            script.hear(2, 3)
        }
        #expect(Set(shown) == [4, 5])
        #expect((8...12).contains(shown.count))
        // One question in four seconds, to know how long an answer takes.
        #expect(probed.count <= 1)
    }

    @Test func `Who misses a heartbeat of a successor probes it every 50 ms until it is heard`() {
        var script = Script(servers: 5)
        script.wait(200)
        script.hear(2, 3)
        for _ in 0..<4 {
            script.wait(50)
            script.hear(3)
        }
        var probed: [UInt128] = []
        for _ in 0..<8 {
            probed += script.wait(50).probes.map(\.to.id.value)
            script.hear(3)
        }
        #expect(Set(probed) == [2])
        #expect((4...8).contains(probed.count))
        script.hear(2)
        var after: [Probe] = []
        for _ in 0..<4 {
            after += script.wait(50).probes
            script.hear(2, 3)
        }
        #expect(after.isEmpty)
    }

    @Test func `Who hears nobody for 800 ms shows itself no more, until it hears somebody`() {
        var script = Script(servers: 6)
        script.wait(400)
        script.hear(2, 3)
        #expect(!script.wait(700).heartbeats.isEmpty)
        script.wait(200)
        #expect(script.wait(400).heartbeats.isEmpty)
        script.hear(5)
        #expect(!script.wait(250).heartbeats.isEmpty)
    }

    @Test func `A gap of one's own is no reason not to show oneself`() {
        var script = Script(servers: 6)
        script.wait(400)
        script.hear(2, 3)
        script.freeze(5_000)
        #expect(!script.wait(250).heartbeats.isEmpty)
    }

    @Test func `A heartbeat is not answered`() {
        var script = Script(servers: 3)
        let beat = Probe(
            kind: .heartbeat, from: life(2), to: life(1), sequence: 4, digest: script.ring.roster.digest, epoch: .none,
            token: .none)
        #expect(script.feed(.probeReceived(beat, from: endpoint)).isEmpty)
    }

    @Test func `Closed and refused is death at once: told to all, to the registry, and an alert sent`() {
        var script = Script(servers: 5)
        #expect(
            script.feed(.connectionClosed(life(2))).contains(.dial(life(2), at: endpoint, within: .milliseconds(150))))
        let effects = script.feed(.dialEnded(life(2), .refused))
        #expect(script.state(2) == .dead)
        #expect(effects.contains(.reportDeath(life(2))))
        let told = effects.sent.filter { if case .changes = $0.message { true } else { false } }
        #expect(told.map(\.to) == [3, 4, 5])
        #expect(effects.sent.contains { if case .alert = $0.message { $0.to == 3 } else { false } })
        #expect(script.ring.links.successor == life(3))
    }

    @Test func `Closed and answered by another life is death too`() {
        var script = Script(servers: 3)
        script.feed(.connectionClosed(life(2)))
        script.feed(.dialEnded(life(2), .answered(life(7))))
        #expect(script.state(2) == .dead)
    }

    @Test func `Closed and answered by the same life is no death, and it is watched again`() {
        var script = Script(servers: 3)
        script.feed(.connectionClosed(life(2)))
        #expect(script.feed(.dialEnded(life(2), .answered(life(2)))).contains(.watch(life(2), at: endpoint)))
        #expect(script.state(2) == .alive)
    }

    @Test func `Closed and unanswered is suspicion, and the second observer and two more are asked`() {
        var script = Script(servers: 6)
        script.feed(.connectionClosed(life(2)))
        let effects = script.feed(.dialEnded(life(2), .timedOut))
        #expect(script.state(2) == .suspect)
        #expect(script.ring.links.successor == life(3))
        #expect(effects.asked == [6, 3, 4])
    }

    @Test func `One that agrees makes it dead, one that hears it clears it`() {
        var script = Script(servers: 6)
        script.feed(.connectionClosed(life(2)))
        script.feed(.dialEnded(life(2), .timedOut))
        var other = script
        script.feed(.messageReceived(.probeReport(subject: life(2), heard: false), from: life(6)))
        #expect(script.state(2) == .dead)
        #expect(script.ring.roster[life(2).id]?.unconfirmed == false)
        other.feed(.messageReceived(.probeReport(subject: life(2), heard: true), from: life(6)))
        #expect(other.state(2) == .alive)
        #expect(other.ring.links.successor == life(2))
    }

    @Test func `Without any answer it is dead after 300 ms, unconfirmed`() {
        var script = Script(servers: 6)
        script.feed(.connectionClosed(life(2)))
        script.feed(.dialEnded(life(2), .timedOut))
        script.wait(290)
        #expect(script.state(2) == .suspect)
        script.wait(10)
        #expect(script.ring.roster[life(2).id]?.unconfirmed == true)
    }

    @Test func `Silence of 800 ms is suspicion, of less is not`() {
        var script = Script(servers: 6)
        script.wait(400)
        script.hear(2, 3)
        for _ in 0..<15 {
            script.wait(50)
            script.hear(3)
        }
        #expect(script.state(2) == .alive)
        script.wait(100)
        #expect(script.state(2) == .suspect)
        #expect(script.state(3) == .alive)
    }

    @Test func `A gap in one's own ticks voids what was missed`() {
        var script = Script(servers: 6)
        script.wait(400)
        script.hear(2, 3)
        script.wait(600)
        script.freeze(5_000)
        script.wait(200)
        #expect(script.state(2) == .alive)
        script.wait(900)
        #expect(script.state(2) != .alive)
    }

    @Test func `When one is suspect the next eight places are probed`() {
        var script = Script(servers: 12)
        script.feed(.connectionClosed(life(2)))
        script.feed(.dialEnded(life(2), .timedOut))
        let probed = Set(script.wait(120).probes.map(\.to.id.value))
        #expect(probed.isSuperset(of: [3, 4, 5, 6, 7, 8, 9, 10]))
        #expect(!probed.contains(11))
    }

    @Test func `Who is asked about a server probes it and says what came of it`() {
        var script = Script(servers: 6)
        let asked = Ring.Event.messageReceived(.probeRequest(subject: life(4), at: endpoint), from: life(6))
        #expect(script.feed(asked).probes.map(\.to) == [life(4)])
        var silent = script
        script.wait(100)
        let heard = script.feed(.messageReceived(.probeReport(subject: life(99), heard: true), from: life(4)))
        #expect(heard.sent.map(\.message).contains(.probeReport(subject: life(4), heard: true)))
        #expect(silent.wait(210).sent.map(\.message).contains(.probeReport(subject: life(4), heard: false)))
    }

    /// Both observers of a live server lost their connections in the same bad tenth of a second, and agreed.
    @Test func `Who suspects a server for its closed connection only agrees after probing it`() {
        var script = Script(servers: 6)
        script.feed(.connectionClosed(life(2)))
        script.feed(.dialEnded(life(2), .timedOut))
        #expect(script.state(2) == .suspect)
        let asked = Ring.Event.messageReceived(.probeRequest(subject: life(2), at: endpoint), from: life(6))
        let effects = script.feed(asked)
        #expect(effects.sent.isEmpty)
        #expect(effects.probes.map(\.to) == [life(2)])
        #expect(script.wait(210).sent.map(\.message).contains(.probeReport(subject: life(2), heard: false)))
    }

    @Test func `A ping that names another life is answered in the name of the present one`() {
        var script = Script(servers: 3)
        let ping = Probe(
            kind: .ping, from: life(2), to: life(1, 9), sequence: 4, digest: 0, epoch: .none, token: .none)
        let answer = script.feed(.probeReceived(ping, from: endpoint)).probes
        #expect(answer.map(\.from) == [life(1)])
        #expect(answer.map(\.sequence) == [4])
    }

    @Test func `A probe for another server is not answered`() {
        var script = Script(servers: 3)
        let ping = Probe(kind: .ping, from: life(2), to: life(3), sequence: 4, digest: 0, epoch: .none, token: .none)
        #expect(script.feed(.probeReceived(ping, from: endpoint)).isEmpty)
    }

    @Test func `After a refuted death positive evidence of the same observer is mere suspicion`() {
        var script = Script(servers: 5)
        script.feed(.connectionClosed(life(2)))
        script.feed(.dialEnded(life(2), .refused))
        var refuted = server(2, role: .router)
        refuted.incarnation = Incarnation(2)
        script.feed(.messageReceived(.changes([refuted], through: nil), from: life(2, 2)))
        #expect(script.state(2) == .alive)
        script.feed(.connectionClosed(life(2, 2)))
        script.feed(.dialEnded(life(2, 2), .refused))
        #expect(script.state(2) == .suspect)
    }

    @Test func `A server whose closed connection was no death is connected to again after one second, then after two`()
    {
        var script = Script(servers: 5)
        let watch = Ring.Effect.watch(life(2), at: endpoint)
        for rest: Int64 in [1000, 2000, 4000] {
            script.feed(.connectionClosed(life(2)))
            script.feed(.dialEnded(life(2), .timedOut))
            #expect(script.state(2) == .suspect)
            #expect(
                !script.feed(.messageReceived(.probeReport(subject: life(2), heard: true), from: life(5)))
                    .contains(watch))
            #expect(script.state(2) == .alive)
            #expect(!script.living(rest - 50).contains(watch))
            #expect(script.living(100).contains(watch))
        }
    }

    @Test func `A timer that was replaced does nothing`() throws {
        var script = Script(servers: 3)
        let old = try #require(script.timers[.tick]?.timer)
        let stale = Ring.Timer(kind: .tick, generation: old.generation - 1)
        #expect(script.feed(.timerFired(stale)).isEmpty)
        #expect(!script.feed(.timerFired(old)).isEmpty)
        #expect(script.feed(.timerFired(old)).isEmpty)
    }

    @Test func `A probe that was meant for an earlier process is answered and proves nothing of its sender`() {
        for (meant, isProof) in [(4 as UInt64, false), (5, true)] {
            var script = Script(servers: 3) { $0.incarnation = Incarnation(5) }
            // Server 2 has fallen silent; somebody plays what it sent to the run of this server before.
            var suspected = false
            for number in 0..<30 as Range<UInt32> {
                script.hear(3)
                let recorded = Probe(
                    kind: .ping, from: life(2), to: life(1, meant), sequence: number, digest: 77,
                    epoch: Epoch(counter: 9, manager: ServerID(2)), token: .none)
                let effects = script.feed(.probeReceived(recorded, from: endpoint))
                #expect(effects.probes.contains { $0.kind == .acknowledgement && $0.from == life(1, 5) })
                suspected = suspected || script.wait(50).asked.contains(3)
            }
            #expect(suspected == !isProof)
            #expect((script.ring.epoch.counter == 9) == isProof)
        }
    }

    @Test func `A probe for another server is nothing here`() {
        var script = Script(servers: 3)
        let stray = Probe(
            kind: .ping, from: life(2), to: life(3), sequence: 1, digest: 77,
            epoch: Epoch(counter: 9, manager: ServerID(2)), token: .none)
        #expect(script.feed(.probeReceived(stray, from: endpoint)).isEmpty)
        #expect(script.ring.epoch == .none)
    }
}
