package import Model
package import Placement

/// Brings every chunk to the servers where it belongs, driven by those who hold it.
///
/// A pass walks over the chunks this server holds, asks in batches which of the servers that should hold them do, and
/// pushes what is missing. Of several holders the first in placement order pushes, so that a chunk is sent once; nobody
/// needs to know more than its own chunks and the roster. A pass runs soon after every change of the live set, and
/// from time to time, which is when a chunk gets its third copy that was stored with two; it is idempotent and may be
/// cut off anywhere. What goes is `Freeing`'s affair.
package struct Repair: Sendable {
    /// Times and bounds of repair.
    package struct Configuration: Sendable {
        /// Copies wanted of each chunk.
        package var replicas = 3
        /// How long after a change of the live set a pass begins: the changes of one failure come in a burst.
        package var settle = Duration.milliseconds(500)
        /// When a pass runs though nothing changed.
        package var interval = Duration.seconds(30)
        /// When a pass that met a failure is run again.
        package var retry = Duration.seconds(2)
        /// Chunks asked about at a time.
        package var batch = 256
        /// Chunks pushed at a time, which bounds memory to that many chunks.
        package var pushes = 2

        package init() {}
    }

    /// What happened.
    package enum Event: Sendable {
        /// The servers that count as holders, this one too unless it is leaving. No pass begins before `notBefore`:
        /// soon after a merge what looks missing may be about to return.
        case liveSetChanged(Placement, notBefore: MonotonicTime = .zero)
        case timerFired(generation: Int)
        /// What this server holds, in answer to `listChunks`.
        case chunksListed([ContentHash])
        /// For each chunk of the question whether that server holds it; nil when it did not answer.
        case answered(question: Int, held: [Bool]?)
        case pushed(ContentHash, to: ServerID, succeeded: Bool)
        /// Of the copies that were planned those that are wanted before others of as few copies: what is playing.
        case preferred(Set<ContentHash>)
    }

    /// What is to be done.
    package enum Effect: Hashable, Sendable {
        case setTimer(MonotonicTime, generation: Int)
        case listChunks
        case ask(question: Int, server: ServerID, [ContentHash])
        case push(ContentHash, to: ServerID)
        /// The copies that this pass makes, a chunk named once for each, and how many chunks lack any.
        case planned([ContentHash], under: Int)
        /// A pass is over: how many chunks this server answers for, and how many of them lack copies still.
        case passEnded(answeredFor: Int, under: Int, complete: Bool)
    }

    private struct Copy: Hashable {
        let chunk: ContentHash
        let target: ServerID
        let copies: Int
    }

    private enum Phase {
        case idle
        case listing
        case asking
        case pushing
    }

    private let configuration: Configuration
    private let own: ServerID
    private var placement: Placement
    private var phase = Phase.idle
    private var generation = 0
    private var wakeAt: MonotonicTime?
    private var restUntil = MonotonicTime.zero
    /// The placement of the last pass that met no failure and left nothing missing.
    private var settled: Placement?
    private var isStale = false
    private var hadFailure = false
    /// This server is leaving, and others have still to make copies of what it holds.
    private var isAwaited = false
    private var remaining: [ContentHash] = []
    private var batch: [ContentHash] = []
    private var questions: [Int: (server: ServerID, chunks: [ContentHash])] = [:]
    private var nextQuestion = 0
    private var holders: [ContentHash: Set<ServerID>] = [:]
    private var missing: [Copy] = []
    private var inFlight = 0
    private var answeredFor = 0
    /// How many copies each chunk that this server answers for still lacks.
    private var lacking: [ContentHash: Int] = [:]

    package init(own: ServerID, configuration: Configuration = Configuration()) {
        self.own = own
        self.configuration = configuration
        placement = Placement([])
    }

    /// Whether a whole pass under `placement` found every chunk in its place, or brought it there.
    package func isSettled(under placement: Placement) -> Bool {
        if case .idle = phase { return settled == placement }
        return false
    }

    /// Whether the last whole pass found so, whatever a pass that runs now will find.
    package func wasSettled(under placement: Placement) -> Bool { settled == placement }

    package mutating func handle(_ event: Event, at now: MonotonicTime, into effects: inout [Effect]) {
        switch event {
        case .liveSetChanged(let placement, let notBefore):
            restUntil = max(restUntil, notBefore)
            guard placement != self.placement else { return }
            self.placement = placement
            isStale = true
            wake(at: now + configuration.settle, into: &effects)
        case .timerFired(let generation):
            guard generation == self.generation else { return }
            wakeAt = nil
            guard now >= restUntil else { return wake(at: restUntil, into: &effects) }
            begin(into: &effects)
        case .chunksListed(let chunks):
            guard case .listing = phase else { return }
            remaining = chunks
            phase = .asking
            askNext(at: now, into: &effects)
        case .answered(let question, let held):
            take(question, held, at: now, into: &effects)
        case .pushed(let chunk, let target, let succeeded):
            finishPush(chunk, target, succeeded, at: now, into: &effects)
        case .preferred(let chunks): if case .pushing = phase { sort(preferring: chunks) }
        }
    }

    /// Moves the next pass forward, never back.
    private mutating func wake(at time: MonotonicTime, into effects: inout [Effect]) {
        if let wakeAt, wakeAt <= time { return }
        wakeAt = time
        generation += 1
        effects.append(.setTimer(time, generation: generation))
    }

    private mutating func begin(into effects: inout [Effect]) {
        guard case .idle = phase else {
            isStale = true
            return
        }
        isStale = false
        hadFailure = false
        isAwaited = false
        answeredFor = 0
        lacking = [:]
        missing = []
        phase = .listing
        effects.append(.listChunks)
    }

    private mutating func askNext(at now: MonotonicTime, into effects: inout [Effect]) {
        while !remaining.isEmpty || !questions.isEmpty {
            guard questions.isEmpty else { return }
            batch = Array(remaining.suffix(configuration.batch))
            remaining.removeLast(batch.count)
            holders = Dictionary(uniqueKeysWithValues: batch.map { ($0, [own]) })
            ask(into: &effects)
            if questions.isEmpty { settleBatch() }
        }
        beginPushing(at: now, into: &effects)
    }

    private mutating func ask(into effects: inout [Effect]) {
        var wanted: [ServerID: [ContentHash]] = [:]
        for chunk in batch {
            for server in placement.holders(of: chunk, count: configuration.replicas) where server != own {
                wanted[server, default: []].append(chunk)
            }
        }
        for (server, chunks) in wanted.sorted(by: { $0.key < $1.key }) {
            questions[nextQuestion] = (server, chunks)
            effects.append(.ask(question: nextQuestion, server: server, chunks))
            nextQuestion += 1
        }
    }

    private mutating func take(_ question: Int, _ held: [Bool]?, at now: MonotonicTime, into effects: inout [Effect]) {
        guard let asked = questions.removeValue(forKey: question) else { return }
        if let held, held.count == asked.chunks.count {
            for (chunk, isHeld) in zip(asked.chunks, held) where isHeld { holders[chunk]?.insert(asked.server) }
        } else {
            hadFailure = true
            unanswered.insert(asked.server)
        }
        guard questions.isEmpty else { return }
        settleBatch()
        askNext(at: now, into: &effects)
    }

    /// Servers that did not answer in this batch: nothing is pushed to them now, the pass is repeated.
    private var unanswered: Set<ServerID> = []

    private mutating func settleBatch() {
        for chunk in batch {
            let order = placement.order(of: chunk)
            let targets = order.prefix(configuration.replicas)
            let held = holders[chunk] ?? [own]
            let absent = targets.filter { !held.contains($0) }
            // One that is leaving stays until the others have made the copies that they answer for.
            if !absent.isEmpty, !order.contains(own) { isAwaited = true }
            // Where no target has it, every holder outside pushes: a copy too many is sent rather than none.
            guard (order.first(where: held.contains) ?? own) == own else { continue }
            answeredFor += 1
            if !absent.isEmpty { lacking[chunk] = absent.count }
            for target in absent where !unanswered.contains(target) {
                missing.append(Copy(chunk: chunk, target: target, copies: held.count))
            }
        }
        unanswered = []
        holders = [:]
    }

    private mutating func beginPushing(at now: MonotonicTime, into effects: inout [Effect]) {
        phase = .pushing
        sort(preferring: [])
        if !missing.isEmpty { effects.append(.planned(missing.map(\.chunk), under: lacking.count)) }
        pushMore(at: now, into: &effects)
    }

    /// Popped from the end: fewest copies first, and of those what is playing.
    private mutating func sort(preferring preferred: Set<ContentHash>) {
        let isLater: (Copy) -> Int = { preferred.contains($0.chunk) ? 0 : 1 }
        missing.sort {
            ($0.copies, isLater($0), $0.chunk, $0.target) > ($1.copies, isLater($1), $1.chunk, $1.target)
        }
    }

    private mutating func pushMore(at now: MonotonicTime, into effects: inout [Effect]) {
        while inFlight < configuration.pushes, let next = missing.popLast() {
            inFlight += 1
            effects.append(.push(next.chunk, to: next.target))
        }
        if inFlight == 0 { end(at: now, into: &effects) }
    }

    private mutating func finishPush(
        _ chunk: ContentHash, _ target: ServerID, _ succeeded: Bool, at now: MonotonicTime, into effects: inout [Effect]
    ) {
        guard case .pushing = phase, inFlight > 0 else { return }
        inFlight -= 1
        if succeeded {
            let left = (lacking[chunk] ?? 1) - 1
            lacking[chunk] = left > 0 ? left : nil
        } else {
            hadFailure = true
        }
        // The live set changed: what is left of this pass may be wrong, the next one knows better.
        if isStale { missing = [] }
        pushMore(at: now, into: &effects)
    }

    private mutating func end(at now: MonotonicTime, into effects: inout [Effect]) {
        phase = .idle
        settled = !hadFailure && !isStale && !isAwaited && lacking.isEmpty ? placement : nil
        effects.append(.passEnded(answeredFor: answeredFor, under: lacking.count, complete: !hadFailure && !isStale))
        let pause =
            isStale || isAwaited ? configuration.settle : hadFailure ? configuration.retry : configuration.interval
        wake(at: now + pause, into: &effects)
    }
}
