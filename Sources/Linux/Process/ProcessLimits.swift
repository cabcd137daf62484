internal import CLinux
internal import Glibc

/// Limits that a process puts on itself, as its first statement: posix_spawn(3) cannot.
package enum ProcessLimits {
    /// Lowers the limits for good; nil leaves one as it is.
    /// - Parameters:
    ///   - memory: bytes of private writable memory (RLIMIT_DATA); beyond it allocation fails.
    ///   - cpuSeconds: of CPU time; then SIGXCPU ends the process, and SIGKILL a second later one that ignores it.
    ///   - openFiles: descriptors; the standard three count.
    ///   - fileSize: bytes of a file that it writes; 0 lets it write pipes only.
    /// - Returns: false when the system refused one.
    @discardableResult
    package static func apply(
        memory: Int? = nil, cpuSeconds: Int? = nil, openFiles: Int? = nil, fileSize: Int? = nil
    ) -> Bool {
        var results = [set(RLIMIT_CORE, 0)]
        if let memory { results.append(set(RLIMIT_DATA, memory)) }
        if let cpuSeconds { results.append(set(RLIMIT_CPU, cpuSeconds, hard: cpuSeconds + 1)) }
        if let openFiles { results.append(set(RLIMIT_NOFILE, openFiles)) }
        if let fileSize { results.append(set(RLIMIT_FSIZE, fileSize)) }
        return results.allSatisfy { $0 >= 0 }
    }

    /// Has the kernel kill this process when the thread that started it ends, so that no child outlives a killed
    /// server.
    package static func dieWithParent() { _ = rondo_die_with_parent(SIGKILL) }

    /// The process that started this one, or the one that adopted it.
    package static var parent: Int32 { getppid() }

    /// Lets this process have as many descriptors as it may: the usual 1,024 are few for a server.
    package static func raiseOpenFiles() { _ = rondo_raise_open_files() }

    private static func set(_ resource: __rlimit_resource, _ value: Int, hard: Int? = nil) -> Int32 {
        rondo_set_limit(Int32(resource.rawValue), UInt64(max(0, value)), UInt64(max(0, hard ?? value)))
    }
}
