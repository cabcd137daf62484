import FoundationEssentials
import HTTP
import Model
import Platform

/// Asks Routers in turn until one does it: the one that served last first, each that fails resting a little longer.
@Loop
final class RouterSession {
    /// How long a request is tried for, at all Routers together, without any progress.
    static let perseverance = Duration.seconds(10)
    static let answerLimit = 8 << 20
    /// The same where not even one Router is known.
    private static let searchTime = Duration.seconds(3)
    private static let listAge = Duration.seconds(5)
    private static let pause = Duration.milliseconds(100)
    private static let longAttempt = Duration.seconds(3)
    private static let longAttempts = 4

    let world: ClientWorld
    private let directory: any RouterDirectory
    private var list = RouterList()
    private var listedAt: MonotonicTime?

    init(world: ClientWorld, directory: any RouterDirectory) {
        self.world = world
        self.directory = directory
    }

    /// Runs `attempt` at one Router after the other until it returns.
    /// - Throws: What it calls final, or `noRouter` once `perseverance` has passed.
    func perform<Value: Sendable>(
        for perseverance: Duration = RouterSession.perseverance,
        _ attempt: @Loop (Endpoint) async throws(AttemptError) -> Value
    ) async throws(ClientError) -> Value {
        var deadline = world.clock.now + perseverance
        var longAttempts = 0
        var reasons: [(Endpoint, String)] = []
        while true {
            guard let router = await nextRouter(before: deadline) else {
                throw .noRouter(explanation(reasons))
            }
            let start = world.clock.now
            do throws(AttemptError) {
                let value = try await followingMoves(router, attempt)
                list.succeeded(router)
                return value
            } catch {
                switch error {
                case .final(let error): throw error
                case .moved(let place): reasons = noting(router, "points to \(place)", in: reasons)
                case .another(let reason): reasons = noting(router, reason, in: reasons)
                }
                list.failed(router, at: world.clock.now)
                listedAt = nil
            }
            // An upload that broke off after minutes deserves another Router as much as one that broke off at once.
            if world.clock.now - start > Self.longAttempt, longAttempts < Self.longAttempts {
                longAttempts += 1
                deadline = world.clock.now + perseverance
            }
        }
    }

    /// A Router over its limits, or a Data server, names a Router that has room; one such step is followed.
    private func followingMoves<Value: Sendable>(
        _ router: Endpoint, _ attempt: @Loop (Endpoint) async throws(AttemptError) -> Value
    ) async throws(AttemptError) -> Value {
        do throws(AttemptError) {
            return try await attempt(router)
        } catch .moved(let place) where place.hasPrefix("http://") {
            let host = place.dropFirst(7).prefix { $0 != "/" }
            guard let other = Endpoint(String(host)), other != router else { throw AttemptError.moved(place) }
            return try await attempt(other)
        }
    }

    /// Fetches a small answer.
    func get(
        _ target: String, for perseverance: Duration = RouterSession.perseverance
    ) async throws(ClientError) -> (head: ResponseHead, body: [UInt8]) {
        try await perform(for: perseverance) { router throws(AttemptError) in
            try await Self.get(target, from: router, world: self.world)
        }
    }

    func get<Value: Decodable & Sendable>(_ type: Value.Type, _ target: String) async throws(ClientError) -> Value {
        try await perform { router throws(AttemptError) in
            try Self.decode(type, try await Self.get(target, from: router, world: self.world).body)
        }
    }

    /// One attempt at one server.
    static func get(
        _ target: String, from router: Endpoint, world: ClientWorld
    ) async throws(AttemptError) -> (head: ResponseHead, body: [UInt8]) {
        let exchange = try await HTTPExchange.open(router, "GET", target, world: world)
        defer { exchange.close() }
        let head = try await exchange.head()
        let body = try await exchange.wholeBody(atMost: answerLimit)
        try check(head, body)
        return (head, body)
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ body: [UInt8]) throws(AttemptError) -> Value {
        do {
            return try JSONText.decode(type, from: body)
        } catch {
            throw .another("answered with something else than expected")
        }
    }

    /// Sorts answers: 2xx is good, 4xx is final, the rest may go better elsewhere.
    static func check(_ head: ResponseHead, _ body: @autoclosure () -> [UInt8]) throws(AttemptError) {
        switch head.status {
        case 200..<300: return
        case 300..<400: throw .moved(head.headers["Location"] ?? "somewhere else")
        default: break
        }
        let error = try? JSONText.decode(ErrorBody.self, from: body()).error
        let message = error?.message ?? "The server answered \(head.status)."
        switch head.status {
        // The Router's own trouble, or a moment of waiting: 408 Request Timeout, 421, 429 and all of 5xx but 507.
        case 408, 421, 429, 500..<507, 508...: throw .another("answered “\(message)”")
        default: throw .final(.refused(status: head.status, code: error?.code ?? "error", message: message))
        }
    }

    /// The next Router to try; waits where all of them rest or none is known, but not beyond `deadline`.
    private func nextRouter(before deadline: MonotonicTime) async -> Endpoint? {
        let searchEnd = world.clock.now + Self.searchTime
        while true {
            let now = world.clock.now
            guard now < deadline else { return nil }
            if list.isEmpty || listedAt.map({ now - $0 > Self.listAge }) ?? true {
                list.update(await directory.routers())
                listedAt = world.clock.now
            }
            if let router = list.next(at: world.clock.now) { return router }
            if list.isEmpty, world.clock.now > searchEnd { return nil }
            let wake = max(list.nextRestEnd ?? .zero, world.clock.now + Self.pause)
            guard wake < deadline else { return nil }
            await world.clock.sleep(until: wake)
            listedAt = nil
        }
    }

    private func noting(
        _ router: Endpoint, _ reason: String, in reasons: [(Endpoint, String)]
    ) -> [(Endpoint, String)] {
        reasons.filter { $0.0 != router } + [(router, reason)]
    }

    private func explanation(_ reasons: [(Endpoint, String)]) -> String {
        if reasons.isEmpty { return "no Router was found: \(directory.explanation)" }
        let told = reasons.map { "\($0.0) \($0.1)" }.joined(separator: "; ")
        return "no Router did it: \(told)"
    }
}
