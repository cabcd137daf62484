import Model

/// What one server knows about the signs of life of the others.
struct FailureDetector: Sendable {
    struct Suspicion: Sendable {}
    var suspicions: [ServerLife: Suspicion] = [:]
}
