internal import CLinux
internal import Glibc
package import Platform
internal import Synchronization

/// The signals that a server acts on or sends.
package enum Signal: Int32, Sendable, CaseIterable {
    case hangUp = 1, interrupt = 2, quit = 3, kill = 9, firstUser = 10, secondUser = 12, terminate = 15, proceed = 18,
        stop = 19
}

/// Signals as events of the loop: a handler may do almost nothing itself, so it writes the number into a pipe
/// (signal-safety(7)).
@Loop
package final class Signals: ReadinessHandler {
    private static var shared: Signals?

    private let reading: Descriptor
    private let writing: Descriptor
    private var actions: [Signal: @Loop @Sendable () -> Void] = [:]

    /// Runs `action` on the loop at each arrival of `signal`, instead of what the system would do. Several that arrive
    /// at once may count as one.
    /// - Throws: `failed` when the system refuses, as for `kill` and `stop`.
    package static func handle(
        _ signal: Signal, _ action: @escaping @Loop @Sendable () -> Void
    ) throws(StreamError) {
        let signals: Signals
        if let shared { signals = shared } else { signals = try Signals() }
        shared = signals
        signals.actions[signal] = action
        let result = rondo_on_signal(signal.rawValue, signalArrived)
        if result < 0 { throw .failed(-result) }
    }

    /// Lets the signals that end other processes end this one too where it is the first of a container, which has no
    /// default actions (pid_namespaces(7)); else Ctrl-C would do nothing there. A handler that is set later holds.
    package nonisolated static func endAsFirstProcess() {
        guard getpid() == 1 else { return }
        for signal in [Signal.hangUp, .interrupt, .terminate] { _ = rondo_on_signal(signal.rawValue, endedBySignal) }
    }

    private init() throws(StreamError) {
        var ends: [Int32] = [-1, -1]
        // Safe because pipe2(2) writes two numbers.
        let result = unsafe rondo_pipe(&ends)
        if result < 0 { throw .failed(-result) }
        reading = try Descriptor(ends[0])
        writing = try Descriptor(ends[1])
        for end in ends { _ = rondo_set_nonblocking(end) }
        _ = try Reactor.shared.register(ends[0], .level, self)
        signalPipe.store(ends[1], ordering: .sequentiallyConsistent)
    }

    func became(_ readiness: Readiness) {
        let (bytes, _) = unsafe Buffer.read(atMost: 64) { buffer in
            // Safe because read(2) writes at most the buffer's size.
            Int32(unsafe read(reading.number, buffer.baseAddress, buffer.count))
        }
        for number in Set(bytes).sorted() {
            if let signal = Signal(rawValue: Int32(number)) { actions[signal]?() }
        }
    }
}

/// With the exit code by which shells name the signal.
private func endedBySignal(_ number: Int32) { _exit(128 + number) }

private let signalPipe = Atomic<Int32>(-1)

private func signalArrived(_ number: Int32) {
    let error = errno
    var byte = UInt8(truncatingIfNeeded: number)
    // Safe because write(2) reads one byte during the call; a full pipe holds that signal already.
    _ = unsafe write(signalPipe.load(ordering: .sequentiallyConsistent), &byte, 1)
    errno = error
}
