internal import CLinux
internal import Crypto
internal import Glibc
package import Model
package import Platform

/// An upload's bytes in a file without a name, which the system removes with the process.
package final class LinuxSpool: SpoolFile {
    private struct State: ~Copyable {
        var file: DiskFile?
        var digest = SHA256()
        var length: Int64 = 0
        var isFinished = false

        init(_ file: consuming DiskFile) { self.file = consume file }
    }

    private let state: Locked<State>
    private let pool: any BlockingRunner

    /// Makes the file in `folder`. Blocks.
    init(in folder: String, pool: any BlockingRunner) throws(StoreError) {
        state = Locked(State(try Self.nameless(in: folder)))
        self.pool = pool
    }

    private static func nameless(in folder: String) throws(StoreError) -> DiskFile {
        do throws(StoreError) {
            return try DiskFile(folder, rondo_nameless_file | O_RDWR)
        } catch .failed(EOPNOTSUPP, _) {
            // A file system that has no files without a name: one whose name is taken away at once is the same.
            let path = "\(folder)/\(Hexadecimal.text(SystemRandom.bytes(16)))"
            let file = try DiskFile(path, O_RDWR | O_CREAT | O_EXCL)
            try Disk.remove(path)
            return file
        }
    }

    package func append(_ bytes: [UInt8]) async throws(StoreError) {
        try await onFile { (state: inout State) throws(StoreError) in
            guard !state.isFinished else { throw .failed(EINVAL, "the upload is complete") }
            try state.file?.write(bytes, offset: state.length)
            state.length += Int64(bytes.count)
            state.digest.update(bytes)
        }
    }

    package var length: Int64 { get async { state.withLock { $0.length } } }

    package func finish() async throws(StoreError) -> ContentHash {
        try await onFile { (state: inout State) throws(StoreError) in
            guard !state.isFinished else { throw .failed(EINVAL, "the upload is complete") }
            state.isFinished = true
            return state.digest.finish()
        }
    }

    package func read(offset: Int64, length: Int) async throws(StoreError) -> [UInt8] {
        try await onFile { (state: inout State) throws(StoreError) in
            guard offset >= 0, length > 0 else { return [] }
            let count = Int(min(Int64(length), max(0, state.length - offset)))
            return try state.file?.read(offset: offset, length: count) ?? []
        }
    }

    package func close() async {
        await pool.run { [self] in state.withLock { $0.file = nil } }
    }

    /// The same file opened once more, for reading alone and with a position of its own: what another process may have.
    func reader() throws(StoreError) -> DiskFile {
        let number = state.withLock { $0.file?.number }
        guard let number else { throw .missing }
        return try DiskFile("/proc/self/fd/\(number)", O_RDONLY)
    }

    private func onFile<Value: Sendable>(
        _ body: @escaping @Sendable (inout State) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await pool.run { [self] () throws(StoreError) -> Value in
            try state.withLock { (state: inout sending State) throws(StoreError) -> Value in
                guard state.file != nil else { throw .missing }
                return try body(&state)
            }
        }
    }
}
