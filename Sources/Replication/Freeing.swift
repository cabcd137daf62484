package import Model
package import Placement

/// Frees copies that nobody needs any more, on this server's own disk and while it holds the ring's token.
///
/// Two kinds of chunks go. **Unneeded** ones belong to no song that is alive: their recordings were deleted, or their
/// upload came to nothing. One is freed while nobody is missing in the ring, when every other server has been asked,
/// told which recordings this one knows of, and has said that by its own catalogue and references nobody needs it.
/// **Surplus** ones are needed, but placement does not want them here: each server that should hold the chunk must say,
/// having read it, that it holds it and will keep it for a lease's time. A server that says so cannot free its own copy
/// for as long, so two that ask each other both keep theirs.
///
/// The token makes one server at a time do this, which keeps the number of copies from falling by more than one at
/// once; nothing of the above depends on there being one. What is asked under an older token is refused by whoever
/// knows of a newer one.
///
/// A chunk with a lease is never freed: the disk refuses, under the same lock as a put. Whatever is asked and not
/// answered, or comes after the token has gone, frees nothing; the next round looks again.
package struct Freeing: Sendable {
    /// Bounds of one round.
    package struct Configuration: Sendable {
        /// Copies wanted of each chunk.
        package var replicas = 3
        /// Chunks looked at while this server holds the token once.
        package var page = 2_000
        /// Chunks freed of each kind while it does.
        package var batch = 64

        package init() {}
    }

    /// A chunk of this disk, and whether a song that is alive needs it, by this server's catalogue.
    package struct Listed: Hashable, Sendable {
        package var chunk: ContentHash
        package var isNeeded: Bool

        package init(_ chunk: ContentHash, isNeeded: Bool) {
            self.chunk = chunk
            self.isNeeded = isNeeded
        }
    }

    /// What happened.
    package enum Event: Sendable {
        /// This server holds the token. `others` are all that can be talked to; `isWhole` says that nobody is missing
        /// who was in the ring and did not leave; `isSettled` that every chunk of this disk was found in its place
        /// under this placement, which has been the same for a while.
        case tokenTaken(Placement, others: [ServerID], isWhole: Bool, isSettled: Bool)
        /// The token has gone on, or the live set has changed.
        case tokenLost
        /// The next chunks of this disk that are not leased, in the order of their hashes; `end` is the last one
        /// looked at, nil at the end of the disk.
        case listed([Listed], end: ContentHash?)
        /// For each chunk of the question: whether that server needs it, or whether it holds and keeps it; nil when it
        /// did not answer, or refused.
        case answered(question: Int, [Bool]?)
        case removed(ContentHash, succeeded: Bool)
    }

    /// What is to be done.
    package enum Effect: Hashable, Sendable {
        case list(after: ContentHash?, limit: Int)
        /// Does a song that is alive need any of these, by that server's catalogue?
        case askNeed(question: Int, server: ServerID, [ContentHash])
        /// Which of these does that server hold, whole, and promise to keep?
        case askReceipt(question: Int, server: ServerID, [ContentHash])
        /// Remove it from this disk, if no lease is on it.
        case remove(ContentHash)
        /// The round is over.
        case ended(freed: Int)
    }

    private enum Phase {
        case idle
        case listing
        case asking
        case removing
    }

    private struct Question {
        let chunks: [ContentHash]
        /// The answer that speaks for freeing.
        let wanted: Bool
    }

    private let configuration: Configuration
    private let own: ServerID
    private var phase = Phase.idle
    private var placement = Placement([])
    private var others: [ServerID] = []
    private var isWhole = false
    private var isSettled = false
    private var cursor: ContentHash?
    private var questions: [Int: Question] = [:]
    private var nextQuestion = 0
    /// What is left to be freed if all that are still asked agree.
    private var candidates: Set<ContentHash> = []
    private var removing: Set<ContentHash> = []
    private var freed = 0

    package init(own: ServerID, configuration: Configuration = Configuration()) {
        self.own = own
        self.configuration = configuration
    }

    package mutating func handle(_ event: Event, into effects: inout [Effect]) {
        switch event {
        case .tokenTaken(let placement, let others, let isWhole, let isSettled):
            // Removals of the round before are still on their way to the disk.
            guard removing.isEmpty else { return }
            questions = [:]
            freed = 0
            (self.placement, self.others, self.isWhole, self.isSettled) = (placement, others, isWhole, isSettled)
            phase = .listing
            effects.append(.list(after: cursor, limit: configuration.page))
        case .tokenLost:
            questions = [:]
            candidates = []
            if phase != .removing { phase = .idle }
        case .listed(let chunks, let end):
            guard phase == .listing else { return }
            cursor = end
            ask(about: chunks, into: &effects)
        case .answered(let question, let answers):
            take(question, answers, into: &effects)
        case .removed(let chunk, let succeeded):
            guard removing.remove(chunk) != nil else { return }
            if succeeded { freed += 1 }
            if removing.isEmpty { end(into: &effects) }
        }
    }

    private mutating func ask(about chunks: [Listed], into effects: inout [Effect]) {
        // One who is missing may know that a song is alive.
        let unneeded = isWhole ? chunks.filter { !$0.isNeeded }.map(\.chunk).prefix(configuration.batch) : []
        let surplus = isSettled ? chunks.filter { $0.isNeeded && isSurplus($0.chunk) }.map(\.chunk) : []
        candidates = Set(unneeded)
        phase = .asking
        if !unneeded.isEmpty {
            for server in others {
                let question = open(Array(unneeded), wanted: false)
                effects.append(.askNeed(question: question, server: server, Array(unneeded)))
            }
        }
        askReceipts(of: Array(surplus.prefix(configuration.batch)), into: &effects)
        if questions.isEmpty { remove(into: &effects) }
    }

    /// Whether placement wants the chunk on enough other servers, and not here.
    private func isSurplus(_ chunk: ContentHash) -> Bool {
        let holders = placement.holders(of: chunk, count: configuration.replicas)
        return holders.count == configuration.replicas && !holders.contains(own)
    }

    private mutating func askReceipts(of surplus: [ContentHash], into effects: inout [Effect]) {
        var wanted: [ServerID: [ContentHash]] = [:]
        for chunk in surplus {
            for server in placement.holders(of: chunk, count: configuration.replicas) {
                wanted[server, default: []].append(chunk)
            }
        }
        candidates.formUnion(surplus)
        for (server, chunks) in wanted.sorted(by: { $0.key < $1.key }) {
            effects.append(.askReceipt(question: open(chunks, wanted: true), server: server, chunks))
        }
    }

    private mutating func open(_ chunks: [ContentHash], wanted: Bool) -> Int {
        nextQuestion += 1
        questions[nextQuestion] = Question(chunks: chunks, wanted: wanted)
        return nextQuestion
    }

    private mutating func take(_ number: Int, _ answers: [Bool]?, into effects: inout [Effect]) {
        guard case .asking = phase, let question = questions.removeValue(forKey: number) else { return }
        if let answers, answers.count == question.chunks.count {
            for (chunk, answer) in zip(question.chunks, answers) where answer != question.wanted {
                candidates.remove(chunk)
            }
        } else {
            candidates.subtract(question.chunks)
        }
        if questions.isEmpty { remove(into: &effects) }
    }

    private mutating func remove(into effects: inout [Effect]) {
        phase = .removing
        removing = candidates
        candidates = []
        for chunk in removing.sorted() { effects.append(.remove(chunk)) }
        if removing.isEmpty { end(into: &effects) }
    }

    private mutating func end(into effects: inout [Effect]) {
        phase = .idle
        effects.append(.ended(freed: freed))
    }
}
