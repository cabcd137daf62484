internal import Glibc
internal import Platform

/// Small files that are replaced as a whole. All calls block.
final class StateFolder: Sendable {
    /// A state file is a few kilobytes; a longer one is none of ours.
    private static let maximumLength: Int64 = 16 << 20

    private let folder: String
    /// The last save that was asked for, and the last that was done, by name.
    private let saves = Locked<(asked: UInt64, done: [String: UInt64])>((0, [:]))

    init(home: String) { folder = "\(home)/state" }

    func prepare() throws(StoreError) {
        try Disk.makeFolders(folder)
        for name in try Disk.names(in: folder) where name.hasSuffix(".new") { try Disk.remove("\(folder)/\(name)") }
    }

    /// The place of a save in the order of all: of two saves of one file the one asked for later stays, whichever
    /// thread is faster.
    func ticket() -> UInt64 {
        saves.withLock { saves in
            saves.asked += 1
            return saves.asked
        }
    }

    func save(_ name: String, _ bytes: [UInt8], ticket: UInt64) throws(StoreError) {
        let path = try path(name)
        // The lock is held over the disk's work: saves are rare, and two of one name must not share a temporary file.
        try saves.withLock { saves throws(StoreError) in
            guard saves.done[name, default: 0] < ticket else { return }
            try replace(path, bytes)
            saves.done[name] = ticket
        }
    }

    private func replace(_ path: String, _ bytes: [UInt8]) throws(StoreError) {
        let temporary = "\(path).new"
        do throws(StoreError) {
            try write(bytes, to: temporary)
            try Disk.rename(temporary, to: path)
        } catch {
            try Disk.remove(temporary)
            throw error
        }
        try Disk.syncFolder(folder)
    }

    private func write(_ bytes: [UInt8], to path: String) throws(StoreError) {
        let file = try DiskFile(path, O_WRONLY | O_CREAT | O_TRUNC)
        try file.write(bytes, offset: 0)
        try file.sync()
    }

    func load(_ name: String) throws(StoreError) -> [UInt8]? {
        let path = try path(name)
        do throws(StoreError) {
            let file = try DiskFile(path, O_RDONLY)
            let length = try file.length()
            guard length <= Self.maximumLength else { throw .corrupt }
            return try file.read(offset: 0, length: Int(length))
        } catch .missing {
            return nil
        }
    }

    private func path(_ name: String) throws(StoreError) -> String {
        let isName = name.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2d || byte == 0x2e
        }
        guard isName, let first = name.utf8.first, first != 0x2e, name.utf8.count <= 64, !name.hasSuffix(".new") else {
            throw .failed(EINVAL, "\"\(name)\" is no name for a state file")
        }
        return "\(folder)/\(name)"
    }
}
