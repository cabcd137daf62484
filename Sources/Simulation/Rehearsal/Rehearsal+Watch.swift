import Model
import Ring

/// What the watcher of a rehearsal keeps in mind.
struct Watch {
    /// A recovery that is not over.
    struct Open {
        let index: Int
        let lives: [ServerLife]
        let needsRoles: Bool
    }

    var open: [Open] = []
    /// The spells under way, as indices of `Chronicle.spells`.
    var spells: [FaultKind: Int] = [:]
    var conditions: [Int?] = []
    var notesRead = 0
    var launches: [AlertID: MonotonicTime] = [:]
    var deadTold: Set<ServerLife> = []
    var deaths = 0
    var lastCensus = MonotonicTime.zero
}

// Looking on: nothing here changes the world.
extension Rehearsal {
    func name(_ index: Int) -> String { chronicle.servers[places[index]].name }
    func name(_ id: ServerID) -> String { ids[id].map { chronicle.servers[$0].name } ?? "\(id)" }

    mutating func observe() {
        observeConditions()
        readNotes()
        takeCensus()
        measure()
        for violation in world.violations { breakRule("\(violation)") }
    }

    mutating func observeConditions() {
        if watch.conditions.isEmpty { watch.conditions = Array(repeating: nil, count: world.servers.count) }
        for index in world.servers.indices {
            let condition = condition(of: index)
            if let last = watch.conditions[index] {
                chronicle.stretches[last].end = world.now
                if chronicle.stretches[last].condition == condition { continue }
            }
            watch.conditions[index] = chronicle.stretches.count
            chronicle.stretches.append(
                Chronicle.Stretch(place: places[index], start: world.now, end: world.now, condition: condition))
        }
    }

    // A server is never copied here: there may be ten thousand, and each has a machine with it.
    private func condition(of index: Int) -> Chronicle.Condition {
        switch world.servers[index].process {
        case .down: .down
        case .opening, .starting: .starting
        case .paused: .paused
        case .up where world.servers[index].ring?.hasJoined != true: .starting
        case .up: world.servers[index].ring?.own.role == .router ? .router : .data
        }
    }

    private mutating func takeCensus() {
        let isDue = world.now - watch.lastCensus >= .milliseconds(200) || !watch.open.isEmpty
        guard isDue else { return }
        watch.lastCensus = world.now
        var census = Chronicle.Census(time: world.now, running: 0, data: 0, least: .max, most: 0, rosters: 0)
        var digests: Set<UInt64> = []
        for index in world.servers.indices where world.servers[index].isRunning {
            census.running += 1
            if world.servers[index].ring?.own.role == .data { census.data += 1 }
            guard world.servers[index].process == .up, let count = world.servers[index].ring?.roster.presentCount
            else { continue }
            census.least = min(census.least, count)
            census.most = max(census.most, count)
            digests.insert(world.servers[index].ring?.roster.digest ?? 0)
        }
        census.rosters = digests.count
        census.least = min(census.least, census.most)
        if let last = chronicle.census.last, last.isSame(as: census) { return }
        chronicle.census.append(census)
    }

    // MARK: Recoveries

    mutating func disturb() {
        for open in watch.open { chronicle.recoveries[open.index].wasDisturbed = true }
    }

    mutating func open(_ fault: FaultKind, _ text: String, _ lives: [ServerLife], needsRoles: Bool) {
        disturb()
        let isDisturbed = !watch.spells.isEmpty || !watch.open.isEmpty
        watch.open.append(Watch.Open(index: chronicle.recoveries.count, lives: lives, needsRoles: needsRoles))
        chronicle.recoveries.append(
            Chronicle.Recovery(fault: fault, start: world.now, text: text, wasDisturbed: isDisturbed))
    }

    private mutating func measure() {
        guard !watch.open.isEmpty else { return }
        let open = watch.open
        watch.open = open.filter { !measure($0) }
    }

    /// - Returns: whether all is over that was to be measured.
    private mutating func measure(_ open: Watch.Open) -> Bool {
        var recovery = chronicle.recoveries[open.index]
        let since = world.now - recovery.start
        if recovery.routedAround == nil, !open.lives.isEmpty, !anyUp({ world.servers[$0].leads(to: open.lives) }) {
            recovery.routedAround = since
        }
        if recovery.goneEverywhere == nil, !open.lives.isEmpty, !anyUp({ world.servers[$0].sees(open.lives) }) {
            recovery.goneEverywhere = since
        }
        if recovery.rolesInOrder == nil, open.needsRoles, world.hasMinimumRoles { recovery.rolesInOrder = since }
        if recovery.oneRing == nil, open.lives.isEmpty, isWhole { recovery.oneRing = since }
        chronicle.recoveries[open.index] = recovery
        let isOver =
            open.lives.isEmpty
            ? recovery.oneRing != nil
            : recovery.goneEverywhere != nil && (!open.needsRoles || recovery.rolesInOrder != nil)
        let isLost = open.lives.allSatisfy { life in anyUp { world.servers[$0].id == life.id } }
        return isOver || (isLost && !open.lives.isEmpty) || since > .seconds(30)
    }

    private func anyUp(_ accepts: (Int) -> Bool) -> Bool {
        world.servers.indices.contains { world.servers[$0].process == .up && accepts($0) }
    }

    var allRun: Bool { world.servers.indices.allSatisfy { world.servers[$0].process == .up } }

    /// All who run and are not paused have the same roster, and each of them is in it.
    var isWhole: Bool { whyNotWhole.isEmpty }

    var whyNotWhole: String {
        let up = world.servers.indices.filter { world.servers[$0].process == .up }
        guard let first = up.first.flatMap({ world.servers[$0].ring?.roster }) else { return "nobody runs" }
        for index in up {
            guard world.servers[index].ring?.hasJoined == true, let life = world.servers[index].life else {
                return "\(name(index)) has not joined"
            }
            if world.servers[index].ring?.roster.digest != first.digest { return "there are different rosters" }
            if world.servers[index].ring?.suspects.isEmpty == false { return "\(name(index)) suspects somebody" }
            if first[life.id].map({ $0.isPresent && $0.life == life }) != true {
                return "\(name(index)) is in nobody's roster"
            }
        }
        let running = world.servers.indices.count { world.servers[$0].isRunning }
        return first.presentCount > running ? "somebody is in the roster who does not run" : ""
    }

    mutating func finish() {
        observe()
        chronicle.length = world.now - .zero
        chronicle.trace = world.trace
        chronicle.handled = world.handled
    }
}

extension Chronicle.Census {
    fileprivate func isSame(as other: Chronicle.Census) -> Bool {
        (running, data, least, most, rosters)
            == (other.running, other.data, other.least, other.most, other.rosters)
    }
}

extension SimulatedServer {
    fileprivate func leads(to lives: [ServerLife]) -> Bool {
        guard let links = ring?.links else { return false }
        return lives.contains { [links.predecessor, links.successor, links.secondSuccessor].contains($0) }
    }

    fileprivate func sees(_ lives: [ServerLife]) -> Bool {
        guard let roster = ring?.roster else { return false }
        return lives.contains { life in roster[life.id].map { $0.life == life && $0.isPresent } ?? false }
    }
}
