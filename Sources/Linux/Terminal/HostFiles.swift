internal import CLinux
internal import Crypto
internal import FoundationEssentials
internal import Glibc
package import Model
package import Platform

/// The files of this host, for the client: each call opens, acts and closes on a thread that may block.
package final class HostFiles: LocalFiles {
    private static let pieceLength = 1 << 20
    private let pool: BlockingPool

    package init() { pool = BlockingPool(name: "rondo-files", threads: 2) }

    package func item(at path: String) async throws(StoreError) -> LocalItem {
        try await pool.run { () throws(StoreError) in
            var status = stat()
            // Safe because stat(2) fills the structure and nothing else.
            try check(unsafe rondo_result(Int(stat(path, &status))), path)
            let modified = Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            return LocalItem(length: isFolder ? 0 : Int64(status.st_size), isFolder: isFolder, modifiedMs: modified)
        }
    }

    package func names(in folder: String) async throws(StoreError) -> [String] {
        try await pool.run { () throws(StoreError) in
            do {
                return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            } catch {
                throw .failed(EACCES, "\(folder) cannot be listed")
            }
        }
    }

    package func read(_ path: String, offset: Int64, length: Int) async throws(StoreError) -> [UInt8] {
        try await pool.run { () throws(StoreError) in
            let file = try OpenFile(path, O_RDONLY)
            return try file.read(offset: offset, length: length)
        }
    }

    package func write(_ path: String, offset: Int64, _ bytes: [UInt8]) async throws(StoreError) {
        try await pool.run { () throws(StoreError) in
            let file = try OpenFile(path, O_WRONLY | O_CREAT)
            try file.write(bytes, offset: offset)
        }
    }

    package func hash(_ path: String) async throws(StoreError) -> ContentHash {
        try await pool.run { () throws(StoreError) in
            let file = try OpenFile(path, O_RDONLY)
            var digest = SHA256()
            var offset: Int64 = 0
            while true {
                let piece = try file.read(offset: offset, length: Self.pieceLength)
                if piece.isEmpty { return digest.finish() }
                digest.update(piece)
                offset += Int64(piece.count)
            }
        }
    }

    package func rename(_ path: String, to other: String) async throws(StoreError) {
        try await pool.run { () throws(StoreError) in
            try check(unsafe rondo_result(Int(Glibc.rename(path, other))), path)
        }
    }

    package func remove(_ path: String) async throws(StoreError) {
        try await pool.run { () throws(StoreError) in try check(unsafe rondo_result(Int(unlink(path))), path) }
    }

    package func touch(_ path: String) async throws(StoreError) {
        try await pool.run { () throws(StoreError) in
            try check(unsafe rondo_result(Int(utimensat(AT_FDCWD, path, nil, 0))), path)
        }
    }

    package func makeFolder(_ path: String) async throws(StoreError) {
        try await pool.run { () throws(StoreError) in
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw .failed(EACCES, "\(path) cannot be made")
            }
        }
    }
}

private func check(_ result: Int32, _ path: String) throws(StoreError) {
    switch -result {
    case ...0: return
    case ENOENT, ENOTDIR: throw .missing
    case ENOSPC, EDQUOT: throw .full
    case let error: throw .failed(error, path)
    }
}

/// A descriptor that is closed with its owner.
private struct OpenFile: ~Copyable {
    private let descriptor: Int32
    private let path: String

    init(_ path: String, _ flags: Int32) throws(StoreError) {
        self.path = path
        descriptor = unsafe rondo_open(path, flags | O_CLOEXEC, 0o644)
        if descriptor < 0 {
            try check(descriptor, path)
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func read(offset: Int64, length: Int) throws(StoreError) -> [UInt8] {
        var failure: Int32 = 0
        // Safe because only as many bytes count as pread(2) says it has written into the buffer.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            while count < length {
                let result = unsafe rondo_result(
                    pread(descriptor, buffer.baseAddress.map { unsafe $0 + count }, length - count, Int(offset) + count)
                )
                if result == -EINTR { continue }
                if result < 0 { failure = result }
                if result <= 0 { break }
                count += Int(result)
            }
        }
        try check(failure, path)
        return bytes
    }

    func write(_ bytes: [UInt8], offset: Int64) throws(StoreError) {
        var done = 0
        while done < bytes.count {
            // Safe because the buffer is used within the call only.
            let result = unsafe bytes.withUnsafeBytes { buffer in
                unsafe rondo_result(
                    pwrite(
                        descriptor, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done, Int(offset) + done
                    ))
            }
            if result == -EINTR { continue }
            try check(result, path)
            done += Int(result)
        }
    }
}
