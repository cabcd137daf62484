import Discovery
import Model
import Testing

/// Servers on one broadcast domain that loses, delays and doubles packets. Who finds another joins its ring, as the
/// ring's machine does: rosters are united, and so is the digest.
private struct World {
    enum Happening {
        case timer(Int, generation: Int)
        case question(Int, DiscoveryQuestion, from: Int)
        case answer(Int, DiscoveryAnswer)
    }

    var now = MonotonicTime.zero
    private var machines: [Discovery] = []
    private var generations: [Int] = []
    /// Which servers each one has in its roster.
    private(set) var rosters: [Set<Int>] = []
    private(set) var isUp: [Bool] = []
    private var queue: [(time: MonotonicTime, order: Int, what: Happening)] = []
    private var order = 0
    private var generator: SeededGenerator
    private(set) var questions = 0
    private(set) var answers = 0
    /// Everything that was ever sent, for a replay.
    private(set) var record: [Happening] = []
    let loss: Int

    init(_ count: Int, seed: UInt64, loss: Int = 0) {
        generator = SeededGenerator(seed: seed)
        self.loss = loss
        for index in 0..<count {
            machines.append(Discovery(asker: .server, seed: generator.next()))
            generations.append(0)
            rosters.append([index])
            isUp.append(true)
        }
    }

    mutating func start() {
        for index in machines.indices { feed(.started(hasRegistries: false), to: index) }
    }

    /// These have found each other before.
    mutating func unite(_ members: Range<Int>) { for member in members { rosters[member] = Set(members) } }

    mutating func stop(_ index: Int) { isUp[index] = false }

    mutating func registry(_ answers: Bool) {
        for index in machines.indices { feed(answers ? .registryAnswered : .registriesLost, to: index) }
    }

    /// Runs until the time, or until nothing more happens.
    mutating func run(until end: MonotonicTime, while isWanted: (World) -> Bool = { _ in true }) {
        while let next = queue.last, next.time <= end, isWanted(self) {
            queue.removeLast()
            now = next.time
            perform(next.what)
        }
        if isWanted(self) { now = end }
    }

    mutating func perform(_ happening: Happening) {
        switch happening {
        case .timer(let index, let generation):
            guard generations[index] == generation else { return }
            feed(
                .timerFired(knowledge(of: index), nonce: QuestionNonce(high: generator.next(), low: generator.next())),
                to: index)
        case .question(let index, let question, let source):
            feed(.questionReceived(question, key: 0, from: place(source), knowledge(of: index)), to: index)
        case .answer(let index, let answer): feed(.answerReceived(answer), to: index)
        }
    }

    private func place(_ index: Int) -> Endpoint { Endpoint(HostAddress(0x0A00_0000 + UInt32(index) + 1), 7700) }

    private func knowledge(of index: Int) -> Discovery.Knowledge {
        let others = rosters[index].subtracting([index]).sorted()
        var digest: UInt64 = 1
        for member in rosters[index].sorted() { digest = digest &* 1_099_511_628_211 &+ UInt64(member + 1) }
        return .init(
            servers: ([index] + others).map { DiscoveredServer(role: .data, peer: place($0), httpPort: 8080) },
            registries: [], digest: digest)
    }

    private mutating func feed(_ event: Discovery.Event, to index: Int) {
        guard isUp[index] else { return }
        var effects: [Discovery.Effect] = []
        machines[index].handle(event, at: now, into: &effects)
        for effect in effects { carryOut(effect, of: index) }
    }

    private mutating func carryOut(_ effect: Discovery.Effect, of index: Int) {
        switch effect {
        case .setTimer(let time):
            generations[index] += 1
            schedule(.timer(index, generation: generations[index]), at: time)
        case .cancelTimer: generations[index] += 1
        case .ask(let question):
            questions += 1
            for other in machines.indices { send(.question(other, question, from: index)) }
        case .answer(let answer, _, let endpoint):
            answers += 1
            send(.answer(Int(endpoint.host.value - 0x0A00_0001), answer))
        case .found(let answer): join(index, answer)
        case .note: break
        }
    }

    private mutating func send(_ happening: Happening) {
        record.append(happening)
        for _ in 0..<(Int.random(in: 0..<50, using: &generator) == 0 ? 2 : 1) {
            guard Int.random(in: 0..<100, using: &generator) >= loss else { continue }
            let delay = Duration.microseconds(Int64.random(in: 100...5_000, using: &generator))
            schedule(happening, at: now + delay)
        }
    }

    private mutating func schedule(_ happening: Happening, at time: MonotonicTime) {
        order += 1
        // The latest stands first; of one time, what was scheduled last.
        var (low, high) = (0, queue.count)
        while low < high {
            let middle = (low + high) / 2
            if queue[middle].time > time { low = middle + 1 } else { high = middle }
        }
        queue.insert((time, order, happening), at: low)
    }

    /// Through any one of those who answer now, and all of both rings know it.
    private mutating func join(_ index: Int, _ answer: DiscoveryAnswer) {
        for server in answer.servers {
            let other = Int(server.peer.host.value - 0x0A00_0001)
            guard isUp[other] else { continue }
            let union = rosters[index].union(rosters[other])
            for member in union where isUp[member] { rosters[member] = union }
        }
    }

    var isOneRing: Bool {
        let living = Set(isUp.indices.filter { isUp[$0] })
        return living.allSatisfy { rosters[$0].isSuperset(of: living) }
    }
}

private func seconds(_ number: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(number * 1e9)) }

@Suite struct DiscoveryWorldTests {
    @Test(arguments: [0, 30]) func `fifty cold starts at once find each other without a storm`(_ loss: Int) {
        for seed in 1...3 as ClosedRange<UInt64> {
            var world = World(50, seed: seed, loss: loss)
            world.start()
            world.run(until: seconds(10)) { !$0.isOneRing }
            #expect(world.isOneRing, "seed \(seed)")
            #expect(world.now <= seconds(loss == 0 ? 1 : 5), "seed \(seed): \(world.now)")
            #expect(world.questions <= 50 * 6, "seed \(seed)")
            #expect(world.answers <= 50 * 49, "seed \(seed)")
            let before = (world.questions, world.answers)
            world.run(until: world.now + .seconds(60))
            // One ring asks as one: some questions while the pauses grow, then one in about fifteen seconds and a few
            // from those who heard none.
            #expect(world.questions - before.0 <= 250, "seed \(seed): \(world.questions - before.0)")
            #expect(world.answers - before.1 <= 250, "seed \(seed): \(world.answers - before.1)")
        }
    }

    @Test func `two rings that grew apart become one while no registry answers`() {
        for seed in 1...10 as ClosedRange<UInt64> {
            var world = World(24, seed: seed, loss: 20)
            world.unite(0..<12)
            world.unite(12..<24)
            world.start()
            world.run(until: seconds(60)) { !$0.isOneRing }
            #expect(world.isOneRing, "seed \(seed)")
        }
    }

    @Test func `with a registry that answers nobody asks`() {
        var world = World(10, seed: 3)
        world.start()
        world.registry(true)
        world.run(until: seconds(60))
        #expect(world.questions == 0)
        world.registry(false)
        world.run(until: seconds(65))
        #expect(world.questions > 0)
        #expect(world.isOneRing)
    }

    @Test func `a whole recorded day played again costs no more than one answer a question, and finds nobody`() {
        var world = World(6, seed: 4)
        world.start()
        world.run(until: seconds(5))
        #expect(world.isOneRing)
        for index in 1..<6 { world.stop(index) }
        let rosters = world.rosters
        let answered = world.answers
        world.run(until: seconds(20))
        var questions = 0
        for happening in world.record {
            if case .question(0, _, _) = happening { questions += 1 }
            world.perform(happening)
        }
        #expect(world.answers - answered <= questions)
        #expect(world.rosters[0] == rosters[0])
    }
}
