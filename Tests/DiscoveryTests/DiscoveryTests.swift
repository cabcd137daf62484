import Discovery
import Model
import Testing

/// One machine by hand.
private struct Script {
    var machine: Discovery
    var now = MonotonicTime.zero
    var timer: MonotonicTime?
    var knowledge = Discovery.Knowledge(servers: [server(1)], registries: [], digest: 5)
    private var asked: UInt64 = 0

    init(seed: UInt64 = 1, asker: DiscoveryAsker = .server) { machine = Discovery(asker: asker, seed: seed) }

    @discardableResult
    mutating func handle(_ event: Discovery.Event) -> [Discovery.Effect] {
        var effects: [Discovery.Effect] = []
        machine.handle(event, at: now, into: &effects)
        for effect in effects {
            if case .setTimer(let time) = effect { timer = time }
            if case .cancelTimer = effect { timer = nil }
        }
        return effects
    }

    /// Lets the timer's time come. Returns what is done then, nothing when there is no timer.
    mutating func fire() -> [Discovery.Effect] {
        guard let time = timer else { return [] }
        timer = nil
        now = max(now, time)
        asked += 1
        return handle(.timerFired(knowledge, nonce: nonce(1_000 + asked)))
    }

    mutating func hear(
        _ number: UInt64, asker: DiscoveryAsker = .server, digest: UInt64 = 9, from host: UInt8 = 200
    ) -> [Discovery.Effect] {
        let question = DiscoveryQuestion(asker: asker, nonce: nonce(number), digest: digest)
        let source = Endpoint(HostAddress(10, 0, 0, host), 40_000)
        return handle(.questionReceived(question, key: 0, from: source, knowledge))
    }
}

extension [Discovery.Effect] {
    fileprivate var question: DiscoveryQuestion? {
        lazy.compactMap { if case .ask(let question) = $0 { question } else { nil } }.first
    }
    fileprivate var answer: DiscoveryAnswer? {
        lazy.compactMap { if case .answer(let answer, _, _) = $0 { answer } else { nil } }.first
    }
    fileprivate var notes: [Discovery.Note] {
        compactMap { if case .note(let note) = $0 { note } else { nil } }
    }
}

@Suite struct DiscoveryMachineTests {
    @Test func `nobody is asked before registries have been silent for a second`() throws {
        var script = Script()
        script.handle(.started(hasRegistries: true))
        let first = try #require(script.timer)
        #expect((1_000...1_200).contains((first - .zero).milliseconds))
        script.handle(.registryAnswered)
        #expect(script.timer == nil)
        script.now = MonotonicTime(nanoseconds: 60_000_000_000)
        script.handle(.registriesLost)
        let again = try #require(script.timer)
        #expect((1_000...1_200).contains((again - script.now).milliseconds))
        #expect(script.fire().question?.digest == 5)
    }

    @Test func `without registries the first question comes at once`() throws {
        var script = Script()
        script.handle(.started(hasRegistries: false))
        #expect(try #require(script.timer) - .zero <= .milliseconds(200))
        #expect(script.fire().question != nil)
    }

    @Test func `questions go on with growing and uneven pauses until a registry answers`() throws {
        var pauses: [Set<Int64>] = Array(repeating: [], count: 12)
        for seed in 1...4 as ClosedRange<UInt64> {
            var script = Script(seed: seed)
            script.handle(.started(hasRegistries: false))
            for place in pauses.indices {
                #expect(script.fire().question != nil)
                let pause = try #require(script.timer) - script.now
                pauses[place].insert(pause.nanoseconds)
                let whole = min(Duration.milliseconds(250 * (1 << place)), .seconds(15))
                #expect(pause >= whole * 3 / 4 && pause <= whole * 5 / 4)
            }
        }
        #expect(pauses.allSatisfy { $0.count == 4 })
    }

    @Test func `an answer to one's own open question is believed, also a second one from another`() {
        var script = Script()
        script.handle(.started(hasRegistries: false))
        let asked = script.fire().question
        #expect(asked != nil)
        for number in [7, 8] as [UInt8] {
            let answer = DiscoveryAnswer(
                nonce: asked?.nonce ?? nonce(0), servers: [server(number)], registries: [registry(1)])
            #expect(script.handle(.answerReceived(answer)).contains(.found(answer)))
        }
    }

    @Test func `an answer to another's question, or to an old one, leads nobody astray`() throws {
        var script = Script()
        script.handle(.started(hasRegistries: false))
        let asked = try #require(script.fire().question)
        let foreign = DiscoveryAnswer(nonce: nonce(4), servers: [server(7)], registries: [])
        #expect(script.handle(.answerReceived(foreign)) == [.note(.stale)])
        script.now = script.now + .seconds(4)
        let old = DiscoveryAnswer(nonce: asked.nonce, servers: [server(7)], registries: [])
        #expect(script.handle(.answerReceived(old)) == [.note(.stale)])
    }

    @Test func `a question is answered once, to its asker, by its key`() {
        var script = Script()
        let question = DiscoveryQuestion(asker: .server, nonce: nonce(3), digest: 9)
        let source = Endpoint(HostAddress(10, 0, 0, 9), 5_555)
        let effects = script.handle(.questionReceived(question, key: 1, from: source, script.knowledge))
        let expected = DiscoveryAnswer(nonce: nonce(3), servers: [server(1)], registries: [])
        #expect(effects == [.answer(expected, key: 1, to: source), .note(.answered)])
        let other = Endpoint(HostAddress(10, 0, 0, 10), 5_555)
        #expect(script.handle(.questionReceived(question, key: 1, from: other, script.knowledge)) == [.note(.repeated)])
    }

    @Test func `one's own question that comes back is not answered`() {
        var script = Script()
        script.handle(.started(hasRegistries: false))
        let asked = script.fire().question
        let own = Endpoint(HostAddress(10, 0, 0, 1), 40_000)
        #expect(asked != nil)
        guard let asked else { return }
        #expect(script.handle(.questionReceived(asked, key: 0, from: own, script.knowledge)) == [.note(.own)])
    }

    @Test func `one source gets a bounded number of answers, and so do all together`() {
        var script = Script()
        let first = (0..<1_000).count { script.hear(UInt64($0)).answer != nil }
        #expect(first == 8)
        script.now = script.now + .seconds(1)
        #expect((1_000..<2_000).count { script.hear(UInt64($0)).answer != nil } == 4)
        script.now = script.now + .seconds(60)
        let all = (2_000..<4_000).count { script.hear(UInt64($0), from: UInt8($0 % 250)).answer != nil }
        #expect(all == 128)
    }

    @Test func `a flood from forged addresses is bounded in memory and in answers`() {
        var script = Script()
        var answers = 0
        for number in 0..<20_000 as Range<UInt64> {
            let question = DiscoveryQuestion(asker: .server, nonce: nonce(number), digest: 9)
            let source = Endpoint(HostAddress(UInt32(number + 1)), 40_000)
            let effects = script.handle(.questionReceived(question, key: 0, from: source, script.knowledge))
            if effects.answer != nil { answers += 1 }
        }
        #expect(answers <= 128)
    }

    @Test func `one of a ring asks for all of it`() throws {
        var script = Script()
        script.handle(.started(hasRegistries: false))
        _ = script.fire()
        var turn = try #require(script.timer)
        for number in 1...3 as ClosedRange<UInt64> {
            script.now = script.now + .milliseconds(1)
            #expect(script.hear(number, digest: 5).notes == [.silent])
            let next = try #require(script.timer)
            #expect(next > turn)
            turn = next
        }
        // Whoever plays recorded questions cannot keep it from asking for ever.
        #expect(script.hear(4, digest: 5).notes == [.silent])
        #expect(script.timer == turn)
        #expect(script.fire().question != nil)
    }

    @Test func `a server of one's own ring that lost its registries is told of one that answers`() {
        var script = Script()
        script.knowledge.registries = [registry(1)]
        #expect(script.hear(1, digest: 5).answer?.registries == [registry(1)])
    }

    @Test func `of a large ring about eight answer`() {
        var answers = 0
        for seed in 0..<200 as Range<UInt64> {
            var script = Script(seed: seed)
            script.knowledge.servers = (0..<50).map { server($0) }
            if let answer = script.hear(1).answer {
                answers += 1
                #expect(answer.servers.count == DiscoveryAnswer.maximumServers)
                #expect(answer.servers.first == server(0))
            }
        }
        // 200 × 8 / 50 = 32, the standard deviation is 5.2.
        #expect((11...53).contains(answers))
    }

    @Test func `a client is told Routers first`() {
        var script = Script()
        script.knowledge.servers = (0..<8).map { server($0, $0 < 5 ? .data : .router) }
        let roles = script.hear(1, asker: .client).answer?.servers.map(\.role)
        #expect(roles == [.data, .router, .router, .router, .data, .data, .data, .data])
    }

    @Test func `who knows nobody says nothing`() {
        var script = Script()
        script.knowledge = Discovery.Knowledge(servers: [], registries: [], digest: 0)
        #expect(script.hear(1).notes == [.silent])
    }
}
