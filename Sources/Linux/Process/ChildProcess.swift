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
        /// A file, made where it is missing, that what is written goes to the end of; for output and error.
        case appended(to: String)
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
    /// Out of reach of the terminal's Ctrl-C, which goes to a whole group: for a parent that ends its children in
    /// order.
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
        guard exit == nil, let handle = handle.take() else { return }
        send(.kill)
        if let registration { Reactor.shared.remove(handle.number, registration) }
        Reaper.take(processID, handle)
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

    func became(_ readiness: Readiness) {
        guard let exit = ChildExit(of: processID) else { return }
        self.exit = exit
        if let handle = handle.take(), let registration { Reactor.shared.remove(handle.number, registration) }
        ended.close()
    }
}

extension ChildExit {
    /// Takes the exit status of a child that has ended; nil when it has not.
    fileprivate init?(of process: Int32) {
        var status: Int32 = 0
        // Safe because waitpid(2) writes one number.
        guard unsafe waitpid(process, &status, WNOHANG) == process else { return nil }
        let signal = rondo_exit_signal(status)
        self = signal == 0 ? .exited(rondo_exit_status(status)) : .killed(signal: signal)
    }
}

/// Waits for killed children whose owner has gone, so that none stays a zombie. The loop does not stop for one that
/// hangs in a system call on a dead disk.
@Loop
private final class Reaper: ReadinessHandler {
    private static var all: [Int32: Reaper] = [:]

    private let processID: Int32
    private var handle: Descriptor?
    private var registration: Registration?

    static func take(_ processID: Int32, _ handle: consuming Descriptor) {
        let number = handle.number
        let reaper = Reaper(processID, handle)
        // Without a registration the zombie stays until this process ends: the loop is out of memory, and that is
        // worse.
        reaper.registration = try? Reactor.shared.register(number, .level, reaper)
        all[processID] = reaper
    }

    private init(_ processID: Int32, _ handle: consuming Descriptor) {
        self.processID = processID
        self.handle = consume handle
    }

    func became(_ readiness: Readiness) {
        guard ChildExit(of: processID) != nil else { return }
        if let handle = handle.take(), let registration { Reactor.shared.remove(handle.number, registration) }
        Self.all[processID] = nil
    }
}
