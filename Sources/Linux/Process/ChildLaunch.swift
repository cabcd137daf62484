internal import CLinux
internal import Glibc
internal import Platform

/// One call of posix_spawn(3): it neither copies the parent's memory nor runs code of ours between fork and exec.
struct ChildLaunch {
    private let specification: ChildSpecification
    /// The reading ends, open and owned by the caller after `start`.
    private(set) var outputPipe: Int32?
    private(set) var errorPipe: Int32?
    /// The child's ends, closed here after the start.
    private var closing: [Int32] = []

    init(_ specification: ChildSpecification) { self.specification = specification }

    /// - Returns: the process id.
    mutating func start() throws(StreamError) -> pid_t {
        let input = try source(specification.input, 0).child
        let output = try source(specification.output, 1)
        let error = try source(specification.error, 2)
        defer { for number in closing { close(number) } }
        let result = spawn([input, output.child, error.child] + specification.passed)
        if result < 0 {
            for pipe in [output.parent, error.parent] { if let pipe { close(pipe) } }
            throw .failed(-result)
        }
        (outputPipe, errorPipe) = (output.parent, error.parent)
        return result
    }

    private mutating func source(
        _ standard: ChildSpecification.Standard, _ number: Int32
    ) throws(StreamError) -> (child: Int32, parent: Int32?) {
        switch standard {
        case .inherited: return (number, nil)
        case .descriptor(let own): return (own, nil)
        case .null:
            let null = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
            if null < 0 { throw .failed(errno) }
            closing.append(null)
            return (null, nil)
        case .appended(let path):
            let file = unsafe rondo_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            if file < 0 { throw .failed(-file) }
            closing.append(file)
            return (file, nil)
        case .piped:
            var ends: [Int32] = [-1, -1]
            // Safe because pipe2(2) writes two numbers.
            let result = unsafe rondo_pipe(&ends)
            if result < 0 { throw .failed(-result) }
            closing.append(ends[1])
            return (ends[1], ends[0])
        }
    }

    /// Starts the child with `descriptors` as its 0, 1, 2, …; the process id, or a negative error number.
    private func spawn(_ descriptors: [Int32]) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        // Safe because both are initialised here, used during this call and destroyed at its end.
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe arrange(descriptors, &actions)
        unsafe resetSignals(&attributes)
        let arguments = [specification.executable] + specification.arguments
        let environment = specification.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        var process = pid_t()
        let result = unsafe CStrings.with(arguments) { arguments in
            unsafe CStrings.with(environment) { environment in
                unsafe posix_spawnp(&process, specification.executable, &actions, &attributes, arguments, environment)
            }
        }
        return result == 0 ? process : -result
    }

    /// First moves everything out of the way of the final numbers, then to them: a source may be another's destination.
    private func arrange(_ descriptors: [Int32], _ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>) {
        let above = Int32(descriptors.count) + max(0, descriptors.max() ?? 0) + 1
        for (index, own) in descriptors.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(actions, own, above + Int32(index))
        }
        for index in descriptors.indices {
            unsafe posix_spawn_file_actions_adddup2(actions, above + Int32(index), Int32(index))
        }
        _ = unsafe posix_spawn_file_actions_addclosefrom_np(actions, Int32(descriptors.count))
    }

    private func resetSignals(_ attributes: UnsafeMutablePointer<posix_spawnattr_t>) {
        var none = sigset_t()
        var all = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(attributes, &none)
        unsafe posix_spawnattr_setsigdefault(attributes, &all)
        let group = specification.hasOwnGroup ? POSIX_SPAWN_SETPGROUP : 0
        unsafe posix_spawnattr_setflags(attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group))
    }
}

/// Swift strings as the null-terminated array of C strings that exec(3) takes.
private enum CStrings {
    static func with<Result>(_ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result)
        -> Result
    {
        var pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
        // Safe because the copies live until `body` has returned.
        defer { unsafe pointers.forEach { unsafe free($0) } }
        return unsafe body(&pointers)
    }
}
