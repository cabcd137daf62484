internal import CLinux
internal import Glibc
package import Model
package import Platform

/// What a child process is started with. It gets these descriptors and no others, and this environment and no other.
package struct ChildSpecification: Sendable {
    /// What one of the three standard descriptors is.
    package enum Standard: Sendable {
        case null
        /// The parent's own.
        case inherited
        /// Read by the parent; for output and error.
        case piped
        /// An open descriptor of the parent, which keeps it.
        case descriptor(Int32)
    }

    /// A path, or a name that is looked for in PATH; `/proc/self/exe` is this program again.
    package var executable: String
    /// Without the program's name, which is the executable's path.
    package var arguments: [String]
    package var environment: [String: String]
    package var input = Standard.null
    package var output = Standard.null
    package var error = Standard.inherited
    /// Descriptors of the parent that become 3, 4, … in the child.
    package var passed: [Int32] = []
    /// Out of reach of the terminal's Ctrl-C, which goes to a whole group: for a parent that ends its children in order.
    package var hasOwnGroup = false

    package init(_ executable: String, _ arguments: [String] = [], environment: [String: String] = [:]) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
    }
}

/// How a process ended.
package enum ChildExit: Hashable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)
}

/// A process that this one has started. One that is still running when its object is released is killed.
@Loop
package final class ChildProcess: ReadinessHandler {
    package let processID: Int32
    /// What it writes to its standard output, when that is piped.
    package let output: PipeReader?
    /// What it writes to its standard error, when that is piped.
    package let error: PipeReader?
    /// How it ended, nil while it runs.
    package private(set) var exit: ChildExit?

    private var handle: Descriptor?
    private var registration: Registration?
    private let ended = WaitPoint()

    /// - Throws: `failed` with the error number, such as ENOENT, EACCES or EAGAIN.
    package init(_ specification: ChildSpecification) throws(StreamError) {
        var launch = ChildLaunch(specification)
        let process = try launch.start()
        processID = process
        do throws(StreamError) {
            output = try launch.outputPipe.map { read throws(StreamError) in try PipeReader(read) }
            error = try launch.errorPipe.map { read throws(StreamError) in try PipeReader(read) }
            // The process is there until it is waited for below, so that its number means nobody else.
            let handle = try Descriptor(rondo_pidfd_open(process))
            let number = handle.number
            self.handle = consume handle
            registration = try Reactor.shared.register(number, .level, self)
        } catch {
            kill(process, SIGKILL)
            _ = waitpid(process, nil, 0)
            throw error
        }
    }

    isolated deinit {
        send(.kill)
        if exit == nil { reap(options: 0) }
    }

    /// Does nothing when the process has ended.
    package func send(_ signal: Signal) {
        if exit == nil { _ = kill(processID, signal.rawValue) }
    }

    /// Waits for the end; nil when `deadline` came first or the task was cancelled.
    package func wait(until deadline: MonotonicTime) async -> ChildExit? {
        if exit == nil { _ = await ended.wait(after: 0, until: deadline) }
        return exit
    }

    /// Waits for the end, and kills the process at `deadline`.
    package func waitOrKill(at deadline: MonotonicTime) async -> ChildExit {
        if let exit = await wait(until: deadline) { return exit }
        send(.kill)
        // A killed process ends at once, but for one that hangs in a system call on a dead disk.
        return await wait(until: Reactor.now + .seconds(2)) ?? .killed(signal: SIGKILL)
    }

    func became(_ readiness: Readiness) { reap(options: WNOHANG) }

    private func reap(options: Int32) {
        var status: Int32 = 0
        // Safe because waitpid(2) writes one number.
        guard unsafe waitpid(processID, &status, options) == processID else { return }
        let signal = rondo_exit_signal(status)
        exit = signal == 0 ? .exited(rondo_exit_status(status)) : .killed(signal: signal)
        if let handle = handle.take(), let registration { Reactor.shared.remove(handle.number, registration) }
        ended.close()
    }
}
