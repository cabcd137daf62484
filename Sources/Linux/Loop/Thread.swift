internal import CLinux
internal import Glibc
internal import Platform

/// A detached thread that runs `body` until it returns. Its name, at most 15 bytes, shows in `top -H`.
func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let context = unsafe Unmanaged.passRetained(ThreadBody(name: name, body: body)).toOpaque()
    var thread = pthread_t()
    // Safe because the new thread takes over the one reference that was made above.
    let result = unsafe pthread_create(&thread, nil, { unsafe runThread($0) }, context)
    invariant(result == 0, "thread \(name) could not be started, error \(result)")
    pthread_detach(thread)
}

private final class ThreadBody: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    // Safe because startThread passed a retained ThreadBody, and nothing else.
    let thread = unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue()
    _ = unsafe pthread_setname_np(pthread_self(), String(thread.name.prefix(15)))
    thread.body()
    return nil
}
