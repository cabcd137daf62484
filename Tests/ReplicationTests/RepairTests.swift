import Model
import Placement
import Replication
import Testing

/// A cluster of repair machines in which every effect is carried out at once, in a seeded order.
private struct RepairWorld {
    var machines: [ServerID: Repair] = [:]
    var roles: [ServerID: Role] = [:]
    var chunks: [ServerID: Set<ContentHash>] = [:]
    var dead: Set<ServerID> = []
    var full: Set<ServerID> = []
    var pushes = 0
    var reports: [ServerID: (answeredFor: Int, under: Int, complete: Bool)] = [:]
    var planned: [ServerID: [ContentHash]] = [:]
    private var timers: [(time: MonotonicTime, server: ServerID, generation: Int)] = []
    private var generator: SeededGenerator
    private(set) var now = MonotonicTime.zero

    init(data: Int, routers: Int, seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        for index in 0..<(data + routers) {
            let id = ServerID.random(using: &generator)
            roles[id] = index < data ? .data : .router
            machines[id] = Repair(own: id)
            chunks[id] = []
        }
    }

    var live: [ServerID] { machines.keys.filter { !dead.contains($0) }.sorted() }
    var placement: Placement { Placement(live.map { .init(id: $0, role: roles[$0] ?? .data) }) }

    mutating func chunk() -> ContentHash {
        ContentHash(bytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }) ?? .zero
    }

    mutating func announce(notBefore: MonotonicTime = .zero) {
        let current = placement
        for id in live { deliver(.liveSetChanged(current, notBefore: notBefore), to: id) }
    }

    mutating func deliver(_ event: Repair.Event, to id: ServerID) {
        guard !dead.contains(id) else { return }
        var effects: [Repair.Effect] = []
        machines[id]?.handle(event, at: now, into: &effects)
        for effect in effects { perform(effect, by: id) }
    }

    private mutating func perform(_ effect: Repair.Effect, by id: ServerID) {
        switch effect {
        case .setTimer(let time, let generation): timers.append((time, id, generation))
        case .listChunks: deliver(.chunksListed((chunks[id] ?? []).sorted()), to: id)
        case .ask(let question, let server, let asked):
            let held = dead.contains(server) ? nil : asked.map { chunks[server]?.contains($0) ?? false }
            deliver(.answered(question: question, held: held), to: id)
        case .push(let chunk, let target):
            let succeeds = !dead.contains(target) && !full.contains(target)
            if succeeds { chunks[target]?.insert(chunk) }
            pushes += 1
            deliver(.pushed(chunk, to: target, succeeded: succeeds), to: id)
        case .planned(let chunks, _): planned[id] = chunks
        case .passEnded(let answeredFor, let under, let complete): reports[id] = (answeredFor, under, complete)
        }
    }

    mutating func run(for duration: Duration) {
        let end = now + duration
        while let next = timers.filter({ $0.time <= end }).min(by: { ($0.time, $0.server) < ($1.time, $1.server) }) {
            timers.removeAll { $0 == next }
            now = max(now, next.time)
            deliver(.timerFired(generation: next.generation), to: next.server)
        }
        now = end
    }

    var everyChunkIsPlaced: Bool {
        let all = live.reduce(into: Set<ContentHash>()) { $0.formUnion(chunks[$1] ?? []) }
        let current = placement
        return all.allSatisfy { chunk in
            current.holders(of: chunk, count: 3).allSatisfy { chunks[$0]?.contains(chunk) ?? false }
        }
    }
}

extension ContentHash {
    fileprivate static var zero: ContentHash { ContentHash(words: .init(repeating: 0)) }
}

@Suite struct RepairTests {
    private func world(data: Int, routers: Int, chunks count: Int, seed: UInt64 = 1) -> RepairWorld {
        var world = RepairWorld(data: data, routers: routers, seed: seed)
        let placement = world.placement
        for _ in 0..<count {
            let chunk = world.chunk()
            for holder in placement.holders(of: chunk, count: 3) { world.chunks[holder]?.insert(chunk) }
        }
        world.announce()
        world.run(for: .seconds(2))
        return world
    }

    @Test func `fewest copies go first, and of those what is playing, as soon as that is known`() {
        let own = ServerID(1)
        var machine = Repair(own: own)
        let placement = Placement([own, ServerID(2), ServerID(3)].map { .init(id: $0, role: .data) })
        var effects: [Repair.Effect] = []
        func feed(_ event: Repair.Event) -> [Repair.Effect] {
            effects = []
            machine.handle(event, at: .zero + .seconds(1), into: &effects)
            return effects
        }
        func pushed(_ effects: [Repair.Effect]) -> [ContentHash] {
            effects.compactMap { if case .push(let chunk, _) = $0 { chunk } else { nil } }
        }
        _ = feed(.liveSetChanged(placement))
        _ = feed(.timerFired(generation: 1))
        // Of the first three chunks there is a copy, of the others there are two; this server answers for those that
        // it comes first for.
        var world = RepairWorld(data: 1, routers: 0, seed: 3)
        var chunks: [ContentHash] = []
        while chunks.count < 8 {
            let chunk = world.chunk()
            if placement.order(of: chunk).first == own { chunks.append(chunk) }
        }
        let single = Set(chunks.prefix(3))
        var answers: [Repair.Effect] = []
        for case .ask(let question, let server, let asked) in feed(.chunksListed(chunks)) {
            let held = asked.map { server == ServerID(2) && !single.contains($0) }
            answers += feed(.answered(question: question, held: held))
        }
        for case .planned(let copies, let under) in answers {
            #expect(copies.count == 11 && under == 8)
        }
        var order = pushed(answers)
        #expect(order.count == 2 && order.allSatisfy(single.contains))
        let playing = chunks.suffix(2)
        _ = feed(.preferred(Set(playing)))
        var later: [ContentHash] = []
        while let next = order.popLast() {
            let target = placement.order(of: next)[2]
            let more = pushed(feed(.pushed(next, to: target, succeeded: true)))
            order = more + order
            later += more
        }
        // Four more copies of single ones, then the two that play, then the others.
        #expect(later.prefix(4).allSatisfy(single.contains))
        #expect(Set(later.dropFirst(4).prefix(2)) == Set(playing))
        #expect(later.count == 9)
    }

    @Test func `a ring in order pushes nothing`() {
        let world = world(data: 2, routers: 3, chunks: 600)
        #expect(world.pushes == 0)
        #expect(world.reports.values.map(\.answeredFor).reduce(0, +) == 600)
        #expect(world.reports.values.allSatisfy { $0.under == 0 && $0.complete })
    }

    @Test(arguments: [(2, 3), (3, 4), (6, 4)]) func `a dead server's chunks get their third copy again, each sent once`(
        data: Int, routers: Int
    ) {
        var world = world(data: data, routers: routers, chunks: 400)
        let victim = world.live.first { world.roles[$0] == .data } ?? ServerID(0)
        let lost = world.chunks[victim]?.count ?? 0
        world.dead.insert(victim)
        world.announce()
        world.run(for: .seconds(1))
        #expect(world.everyChunkIsPlaced)
        #expect(world.pushes <= lost + 400)
        #expect(world.reports.filter { $0.key != victim }.values.allSatisfy { $0.under == 0 })
    }

    @Test func `two deaths at once leave every chunk with three copies again`() {
        var world = world(data: 2, routers: 3, chunks: 300)
        for victim in world.live.filter({ world.roles[$0] == .data }) { world.dead.insert(victim) }
        let heirs = world.live.prefix(2)
        for heir in heirs { world.roles[heir] = .data }
        world.announce()
        world.run(for: .seconds(1))
        #expect(world.everyChunkIsPlaced)
    }

    @Test func `a new server gets its share`() {
        var world = world(data: 3, routers: 4, chunks: 300)
        var generator = SeededGenerator(seed: 7)
        let new = ServerID.random(using: &generator)
        world.roles[new] = .data
        world.machines[new] = Repair(own: new)
        world.chunks[new] = []
        world.announce()
        world.run(for: .seconds(1))
        #expect(world.everyChunkIsPlaced)
        #expect((world.chunks[new]?.count ?? 0) > 100)
    }

    @Test func `a target that cannot store is reported as lacking and tried again`() {
        var world = world(data: 3, routers: 2, chunks: 50)
        let full = world.live.filter { world.roles[$0] == .router }.sorted()[0]
        let victim = world.live.filter { world.roles[$0] == .data }.sorted()[0]
        world.full = Set(world.live.filter { world.roles[$0] == .router })
        world.dead.insert(victim)
        world.announce()
        world.run(for: .seconds(1))
        #expect(world.reports.values.map(\.under).reduce(0, +) > 0)
        world.full = []
        world.run(for: .seconds(3))
        #expect(world.everyChunkIsPlaced)
        #expect(world.reports.filter { $0.key != victim }.values.allSatisfy { $0.under == 0 && $0.complete }, "\(full)")
    }

    @Test func `random deaths and returns end with every chunk in its place`() {
        for seed in 0..<40 {
            var world = world(data: 4, routers: 4, chunks: 60, seed: UInt64(seed))
            var generator = SeededGenerator(seed: UInt64(seed))
            for _ in 0..<6 {
                let ids = world.machines.keys.sorted()
                let one = ids[Int.random(in: 0..<ids.count, using: &generator)]
                if world.dead.contains(one) {
                    world.dead.remove(one)
                } else if world.dead.count < 2 {
                    world.dead.insert(one)
                }
                world.announce()
                world.run(for: .milliseconds(Int.random(in: 0...1500, using: &generator)))
            }
            world.run(for: .seconds(5))
            #expect(world.everyChunkIsPlaced, "seed \(seed)")
        }
    }

    @Test func `soon after a merge nothing is copied, and then all that is missing`() {
        var world = world(data: 4, routers: 2, chunks: 200)
        world.dead = Set(world.live.filter { world.roles[$0] == .data }.prefix(1))
        world.announce(notBefore: world.now + .seconds(1))
        world.run(for: .milliseconds(990))
        #expect(world.pushes == 0)
        world.run(for: .seconds(2))
        #expect(world.everyChunkIsPlaced && world.pushes > 0)
    }

    @Test func `one that leaves stays until the others have made their copies`() {
        var world = world(data: 4, routers: 0, chunks: 100)
        let leaver = world.live[0]
        let staying = Placement(world.live.dropFirst().map { .init(id: $0, role: .data) })
        world.deliver(.liveSetChanged(staying, notBefore: .zero), to: leaver)
        world.run(for: .seconds(2))
        // The others have not heard of it yet, and answer for chunks of which they hold the first copy.
        #expect(world.machines[leaver]?.isSettled(under: staying) == false)
        for id in world.live.dropFirst() { world.deliver(.liveSetChanged(staying, notBefore: .zero), to: id) }
        world.run(for: .seconds(2))
        #expect(world.machines[leaver]?.isSettled(under: staying) == true)
    }
}
