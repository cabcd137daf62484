package import Model

/// Finding others of the cluster by broadcast where no registry answers, as a pure value: when to ask, whom to answer,
/// what to believe.
///
/// Who asks does so again and again, with growing and uneven pauses, until a registry answers: behind the next answer
/// may be another ring. Of a ring whose servers all ask, one asks for all, since each that hears a question of its own
/// ring waits one more turn. Who hears a question answers it once, with no more bytes than it had, at a bounded rate
/// for each source and in all, and only if it knows something that the asker does not.
package struct Discovery: Sendable {
    /// Times and bounds.
    package struct Configuration: Hashable, Sendable {
        /// How long no registry has answered before the first question.
        package var patience: Duration = .seconds(1)
        /// From the first question to the second; doubles from there.
        package var firstPause: Duration = .milliseconds(250)
        package var longestPause: Duration = .seconds(15)
        /// For how long an answer to a question is believed.
        package var answerWindow: Duration = .seconds(3)
        /// How often in a row another's question stands for one's own.
        package var maximumTurnsPassed = 3
        /// About so many of a ring answer a question that all of it hears.
        package var wantedAnswers = 8
        /// Answers that one source address gets at once, and then a second.
        package var answersAtOnce = 8
        package var answersPerSecond = 4
        /// The same for all sources together.
        package var allAnswersAtOnce = 128
        package var allAnswersPerSecond = 64

        package init() {}
    }

    /// What this process knows of its cluster now.
    package struct Knowledge: Hashable, Sendable {
        /// Servers that live, this one first.
        package var servers: [DiscoveredServer]
        /// Registries that answer.
        package var registries: [DiscoveredRegistry]
        /// `Roster.digest`, 0 before there is a roster.
        package var digest: UInt64

        package init(servers: [DiscoveredServer], registries: [DiscoveredRegistry], digest: UInt64) {
            self.servers = servers
            self.registries = registries
            self.digest = digest
        }
    }

    /// What has happened.
    package enum Event: Sendable {
        /// Comes first. Without registries there is nothing to be patient for.
        case started(hasRegistries: Bool)
        case registryAnswered
        /// Of the registries that are known none answers any more.
        case registriesLost
        /// The time that `setTimer` named has come; the nonce is fresh.
        case timerFired(Knowledge, nonce: QuestionNonce)
        /// The seal was right; `key` is the one that it was sealed with.
        case questionReceived(DiscoveryQuestion, key: Int, from: Endpoint, Knowledge)
        /// The seal was right.
        case answerReceived(DiscoveryAnswer)
    }

    /// What is to be done.
    package enum Effect: Hashable, Sendable {
        /// Broadcast it, under every key.
        case ask(DiscoveryQuestion)
        case answer(DiscoveryAnswer, key: Int, to: Endpoint)
        /// Replaces the timer before.
        case setTimer(MonotonicTime)
        case cancelTimer
        case found(DiscoveryAnswer)
        /// For the metrics.
        case note(Note)
    }

    /// What became of a packet.
    package enum Note: String, Hashable, Sendable, CaseIterable {
        case asked, answered, found
        /// One's own question, which broadcast brings back.
        case own
        /// A question that was heard before: sent twice, or recorded and played again.
        case repeated
        /// An answer to no question that is still open: late, or recorded and played again.
        case stale
        /// More questions than are answered.
        case limited
        /// A question of one's own ring, or one that others of a large ring answer.
        case silent
    }

    private static let rememberedQuestions = 1024
    private static let rememberedSources = 1024

    private let configuration: Configuration
    private let asker: DiscoveryAsker
    private var generator: SeededGenerator
    private var isAsking = false
    private var questions = 0
    private var turnsPassed = 0
    /// One's own questions, until their window is over.
    private var open: [(nonce: QuestionNonce, until: MonotonicTime)] = []
    private var heard = RecentNonces(limit: rememberedQuestions)
    private var sources: [HostAddress: Allowance] = [:]
    private var all: Allowance

    /// - Parameter seed: for pauses and choices; any number.
    package init(configuration: Configuration = Configuration(), asker: DiscoveryAsker, seed: UInt64) {
        self.configuration = configuration
        self.asker = asker
        generator = SeededGenerator(seed: seed)
        all = Allowance(full: configuration.allAnswersAtOnce)
    }

    /// Takes one event and appends what is to be done about it.
    package mutating func handle(_ event: Event, at now: MonotonicTime, into effects: inout [Effect]) {
        switch event {
        case .started(let hasRegistries): begin(after: hasRegistries ? configuration.patience : .zero, now, &effects)
        case .registriesLost: if !isAsking { begin(after: configuration.patience, now, &effects) }
        case .registryAnswered:
            isAsking = false
            effects.append(.cancelTimer)
        case .timerFired(let knowledge, let nonce): if isAsking { ask(knowledge, nonce, now, &effects) }
        case .questionReceived(let question, let key, let source, let knowledge):
            take(question, key, source, knowledge, now, &effects)
        case .answerReceived(let answer): take(answer, now, &effects)
        }
    }
}

// Asking.
extension Discovery {
    private mutating func begin(after patience: Duration, _ now: MonotonicTime, _ effects: inout [Effect]) {
        isAsking = true
        questions = 0
        turnsPassed = 0
        // Those who were started together shall not ask together.
        effects.append(.setTimer(now + patience + .nanoseconds(uneven(.milliseconds(200)))))
    }

    /// From nothing to the whole of it.
    private mutating func uneven(_ duration: Duration) -> Int64 {
        Int64.random(in: 0...max(0, duration.nanoseconds), using: &generator)
    }

    /// The pause after so many questions, three quarters to five quarters of it.
    private mutating func pause() -> Duration {
        let whole = min(configuration.firstPause * (1 << min(max(0, questions - 1), 16)), configuration.longestPause)
        return whole * 3 / 4 + .nanoseconds(uneven(whole / 2))
    }

    private mutating func ask(
        _ knowledge: Knowledge, _ nonce: QuestionNonce, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        questions += 1
        turnsPassed = 0
        open = open.filter { $0.until > now } + [(nonce, now + configuration.answerWindow)]
        effects.append(.ask(DiscoveryQuestion(asker: asker, nonce: nonce, digest: knowledge.digest)))
        effects.append(.note(.asked))
        effects.append(.setTimer(now + pause()))
    }

    private mutating func take(_ answer: DiscoveryAnswer, _ now: MonotonicTime, _ effects: inout [Effect]) {
        guard open.contains(where: { $0.nonce == answer.nonce && $0.until > now }) else {
            return effects.append(.note(.stale))
        }
        effects.append(.note(.found))
        effects.append(.found(answer))
    }
}

// Answering.
extension Discovery {
    private mutating func take(
        _ question: DiscoveryQuestion, _ key: Int, _ source: Endpoint, _ knowledge: Knowledge, _ now: MonotonicTime,
        _ effects: inout [Effect]
    ) {
        guard !open.contains(where: { $0.nonce == question.nonce }) else { return effects.append(.note(.own)) }
        guard heard.insert(question.nonce) else { return effects.append(.note(.repeated)) }
        if isOfOwnRing(question, knowledge) {
            passTurn(now, &effects)
            // A ring that asks has no registry; who has one tells it.
            if knowledge.registries.isEmpty { return effects.append(.note(.silent)) }
        }
        guard !knowledge.servers.isEmpty || !knowledge.registries.isEmpty, mayAnswer(knowledge)
        else { return effects.append(.note(.silent)) }
        guard allows(source.host, now) else { return effects.append(.note(.limited)) }
        effects.append(.answer(answer(question, knowledge), key: key, to: source))
        effects.append(.note(.answered))
    }

    private func isOfOwnRing(_ question: DiscoveryQuestion, _ knowledge: Knowledge) -> Bool {
        question.asker == .server && question.digest != 0 && question.digest == knowledge.digest
    }

    /// Another has just asked for all of this ring.
    private mutating func passTurn(_ now: MonotonicTime, _ effects: inout [Effect]) {
        guard isAsking, turnsPassed < configuration.maximumTurnsPassed else { return }
        turnsPassed += 1
        questions += 1
        effects.append(.setTimer(now + pause()))
    }

    /// Those of a large ring leave it to some of them; who is in no ring, as a registry, always answers.
    private mutating func mayAnswer(_ knowledge: Knowledge) -> Bool {
        let servers = knowledge.servers.count
        return knowledge.digest == 0 || servers <= configuration.wantedAnswers
            || Int.random(in: 0..<servers, using: &generator) < configuration.wantedAnswers
    }

    private mutating func answer(_ question: DiscoveryQuestion, _ knowledge: Knowledge) -> DiscoveryAnswer {
        var others = knowledge.servers.dropFirst().shuffled(using: &generator)
        if question.asker == .client {
            let routers = others.filter { $0.role == .router }
            others = routers + others.filter { $0.role != .router }
        }
        return DiscoveryAnswer(
            nonce: question.nonce, servers: knowledge.servers.prefix(1) + others, registries: knowledge.registries)
    }

    private mutating func allows(_ source: HostAddress, _ now: MonotonicTime) -> Bool {
        if sources.count >= Self.rememberedSources, sources[source] == nil {
            // Whoever has not been heard for a while has all of its allowance again, and need not be remembered.
            sources = sources.filter { now - $0.value.time < .seconds(3) }
            guard sources.count < Self.rememberedSources else { return false }
        }
        var one = sources[source] ?? Allowance(full: configuration.answersAtOnce)
        let isAllowed =
            one.has(full: configuration.answersAtOnce, perSecond: configuration.answersPerSecond, now)
            && all.has(full: configuration.allAnswersAtOnce, perSecond: configuration.allAnswersPerSecond, now)
        if isAllowed {
            one.take()
            all.take()
        }
        sources[source] = one
        return isAllowed
    }
}

/// What is left of a bounded rate: a bucket of tokens.
private struct Allowance: Sendable {
    private var tokens: Double
    private(set) var time = MonotonicTime.zero

    init(full: Int) { tokens = Double(full) }

    /// Fills up for the time that has passed.
    mutating func has(full: Int, perSecond: Int, _ now: MonotonicTime) -> Bool {
        let passed = Double((now - time).nanoseconds) / 1e9
        tokens = min(Double(full), tokens + passed * Double(perSecond))
        time = now
        return tokens >= 1
    }

    mutating func take() { tokens -= 1 }
}

/// The nonces heard last.
private struct RecentNonces: Sendable {
    private let limit: Int
    private var known: Set<QuestionNonce> = []
    private var order: [QuestionNonce] = []
    private var next = 0

    init(limit: Int) { self.limit = limit }

    /// - Returns: whether it is new.
    mutating func insert(_ nonce: QuestionNonce) -> Bool {
        guard known.insert(nonce).inserted else { return false }
        if order.count < limit {
            order.append(nonce)
        } else {
            known.remove(order[next])
            order[next] = nonce
            next = (next + 1) % limit
        }
        return true
    }
}
