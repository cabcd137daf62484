/// A task that waits. Whoever takes it out of its list resumes it, once.
///
/// The checked continuation of the standard library would allocate for every wait of every stream.
@safe struct Suspended<Value: Sendable>: Sendable {
    private let continuation: UnsafeContinuation<Value, Never>

    /// Suspends the calling task; `keep` gets it, and must store it.
    static func wait(_ keep: (Suspended<Value>) -> Void) async -> Value {
        // Safe because the two users, Reactor and WaitPoint, empty their lists before they resume.
        unsafe await withUnsafeContinuation { continuation in unsafe keep(Suspended(continuation: continuation)) }
    }

    func resume(returning value: Value) { unsafe continuation.resume(returning: value) }
}
