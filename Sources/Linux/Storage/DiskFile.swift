internal import CLinux
internal import Glibc
internal import Platform

/// An open file, closed when its owner lets go of it. Reads and writes name their place, so that it has no position.
struct DiskFile: ~Copyable {
    let number: Int32
    private let path: String

    /// - Parameter flags: as open(2) takes them; O_CLOEXEC is added.
    /// - Throws: `missing`, `full`, `failed`.
    init(_ path: String, _ flags: Int32) throws(StoreError) {
        // Safe because the path is read during the call only.
        let result = unsafe rondo_open(path, flags | O_CLOEXEC, 0o600)
        try Disk.check(result, "cannot open", path)
        number = result
        self.path = path
    }

    deinit { close(number) }

    /// The length in bytes.
    func length() throws(StoreError) -> Int64 {
        var status = stat()
        // Safe because fstat(2) fills the structure and keeps nothing.
        try Disk.check(unsafe rondo_result(Int(fstat(number, &status))), "cannot examine", path)
        return Int64(status.st_size)
    }

    /// Up to `length` bytes from `offset`, fewer at the end of the file.
    func read(offset: Int64, length: Int) throws(StoreError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            while count < length, let start = buffer.baseAddress {
                // Safe because pread(2) writes at most the rest of the buffer, and only what it wrote is counted.
                let result = unsafe rondo_result(pread(number, start + count, length - count, Int(offset) + count))
                if result == -EINTR { continue }
                failure = min(result, 0)
                if result <= 0 { break }
                count += Int(result)
            }
        }
        try Disk.check(failure, "cannot read", path)
        return bytes
    }

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: [UInt8], offset: Int64) throws(StoreError) {
        var done = 0
        while done < bytes.count {
            // Safe because pwrite(2) reads at most the rest of the array during the call.
            let result = unsafe bytes.withUnsafeBytes { buffer in
                unsafe rondo_result(
                    pwrite(number, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done, Int(offset) + done))
            }
            if result == -EINTR { continue }
            try Disk.check(result, "cannot write", path)
            done += Int(result)
        }
    }

    /// Returns when the contents, and of the metadata what reading needs, are on disk.
    func syncData() throws(StoreError) { try Disk.check(rondo_result(Int(fdatasync(number))), "cannot sync", path) }

    /// Returns when contents and metadata, or a folder's names, are on disk.
    func sync() throws(StoreError) { try Disk.check(rondo_result(Int(fsync(number))), "cannot sync", path) }
}

/// Calls on the file system, with errors for people. All of them block.
enum Disk {
    /// Throws what a system call's negative result means; `what` and `path` say what was tried.
    static func check(_ result: Int32, _ what: String, _ path: String) throws(StoreError) {
        switch -result {
        case ...0: return
        case ENOENT, ENOTDIR: throw .missing
        case ENOSPC, EDQUOT, EFBIG: throw .full
        case let error: throw .failed(error, "\(what) \(path): \(reason(error))")
        }
    }

    /// The system's words for an error number.
    static func reason(_ error: Int32) -> String {
        // Safe because glibc keeps the text for this thread until its next call, and it is copied at once.
        unsafe strerror(error).map { unsafe String(cString: $0) } ?? "error \(error)"
    }

    /// Makes a folder for this user alone; one that is there is left as it is. A new one is on disk when this returns.
    /// - Returns: whether it is new.
    @discardableResult
    static func makeFolder(_ path: String) throws(StoreError) -> Bool {
        // Safe because the path is read during the call only.
        let result = unsafe rondo_result(Int(mkdir(path, 0o700)))
        if result == -EEXIST { return false }
        try check(result, "cannot make", path)
        try syncFolder(parent(of: path))
        return true
    }

    /// The same, with all folders above it that are missing.
    static func makeFolders(_ path: String) throws(StoreError) {
        do throws(StoreError) {
            try makeFolder(path)
        } catch .missing where parent(of: path) != path {
            try makeFolders(parent(of: path))
            try makeFolder(path)
        }
    }

    /// Returns when the names in a folder are on disk.
    static func syncFolder(_ path: String) throws(StoreError) {
        let folder = try DiskFile(path, O_RDONLY | O_DIRECTORY)
        try folder.sync()
    }

    static func rename(_ path: String, to other: String) throws(StoreError) {
        // Safe because the paths are read during the call only.
        try check(unsafe rondo_result(Int(Glibc.rename(path, other))), "cannot rename", path)
    }

    /// Removes a file; one that is not there is no error.
    static func remove(_ path: String) throws(StoreError) {
        // Safe because the path is read during the call only.
        let result = unsafe rondo_result(Int(unlink(path)))
        if result != -ENOENT { try check(result, "cannot remove", path) }
    }

    /// The names in a folder but for `.` and `..`, in no order.
    static func names(in path: String) throws(StoreError) -> [String] {
        // Safe because the stream is used by this call alone and closed at its end.
        guard let folder = unsafe opendir(path) else {
            try check(-errno, "cannot list", path)
            return []
        }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            // Safe because the name ends with a null within the entry, which stays valid until the next one is read.
            let name = unsafe String(cString: rondo_entry_name(entry))
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
