internal import CLinux
internal import Glibc
internal import Model
internal import Platform

/// The chunk files that were read lately, still open: what is in the page cache is then read without a path to look up
/// and without another thread.
final class OpenChunks: Sendable {
    /// One open file; whoever reads keeps it open.
    final class File: Sendable {
        let file: DiskFile

        init(_ file: consuming DiskFile) { self.file = file }

        /// Exactly `length` bytes where they are in memory, and the file still has a name.
        func readCached(offset: Int, length: Int) -> [UInt8]? {
            var status = stat()
            // Safe because fstat(2) fills the structure and keeps nothing.
            guard unsafe fstat(file.number, &status) == 0, status.st_nlink > 0, offset + length <= status.st_size
            else { return nil }
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
                guard let start = buffer.baseAddress else { return }
                // Safe because the kernel writes no more than the buffer's size, and says how much.
                count = max(0, Int(unsafe rondo_read_cached(file.number, start, length, Int64(offset))))
            }
            return bytes.count == length ? bytes : nil
        }
    }

    private struct State {
        var files: [ContentHash: (file: File, lastUse: UInt64)] = [:]
        var uses: UInt64 = 0
    }

    private let state = Locked(State())
    private static let maximum = 512

    subscript(hash: ContentHash) -> File? {
        state.withLock { state in
            state.uses += 1
            state.files[hash]?.lastUse = state.uses
            return state.files[hash]?.file
        }
    }

    func keep(_ file: File, for hash: ContentHash) {
        state.withLock { state in
            state.uses += 1
            state.files[hash] = (file, state.uses)
            guard state.files.count > Self.maximum else { return }
            // A quarter at a time, so that the search for the oldest ones is rare.
            let limit = state.files.values.map(\.lastUse).sorted()[Self.maximum / 4]
            state.files = state.files.filter { $0.value.lastUse > limit }
        }
    }

    /// What stands under the name from now on is another file, or none.
    func forget(_ hash: ContentHash) { state.withLock { $0.files[hash] = nil } }
}
