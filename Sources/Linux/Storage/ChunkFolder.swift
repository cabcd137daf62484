internal import Crypto
internal import Glibc
internal import Model
internal import Platform
internal import Synchronization

/// The chunks' files and folders. All calls block.
final class ChunkFolder: Sendable {
    /// Beyond these the quarantine keeps no more files: it is for looking at, not for storing.
    private static let quarantineLimit = 64

    private let chunks: String
    private let quarantineFolder: String
    private let new: String
    private let counter = Atomic<UInt64>(0)
    private let open = OpenChunks()
    /// Which of the 65,536 folders `ab/cd`, and of the 256 `ab` behind them, are known to be on disk, a bit each.
    private let known = Locked([UInt64](repeating: 0, count: 1_028))

    init(home: String) {
        chunks = "\(home)/chunks"
        quarantineFolder = "\(home)/quarantine"
        new = "\(home)/chunks/new"
    }

    /// Makes the folders, and removes what was being written when the process ended.
    func prepare() throws(StoreError) {
        for folder in [chunks, quarantineFolder, new] { try Disk.makeFolders(folder) }
        for name in try Disk.names(in: new) { try Disk.remove("\(new)/\(name)") }
    }

    /// Names every file with a chunk's name and place, and its length; what `take` refuses goes into quarantine,
    /// as does a file of another name.
    /// - Returns: the number of files put into quarantine.
    func walk(_ take: (ContentHash, Int64) -> Bool) throws(StoreError) -> Int {
        var strangers = 0
        for first in try Disk.names(in: chunks) where Self.isPair(first) {
            for second in try Disk.names(in: "\(chunks)/\(first)") where Self.isPair(second) {
                let folder = "\(chunks)/\(first)/\(second)"
                for name in try Disk.names(in: folder) {
                    let length = try DiskFile("\(folder)/\(name)", O_RDONLY | O_NOFOLLOW).length()
                    if let hash = ContentHash(name), path(of: hash) == "\(folder)/\(name)", take(hash, length) {
                        continue
                    }
                    strangers += 1
                    try quarantine("\(folder)/\(name)", as: name)
                }
            }
        }
        return strangers
    }

    /// Writes a chunk whose hash has been checked; it is on disk when this returns, and gone after an error.
    func write(_ hash: ContentHash, _ bytes: [UInt8]) throws(StoreError) {
        do throws(StoreError) {
            do throws(StoreError) {
                try writeOnce(hash, bytes)
            } catch .missing {
                // Somebody removed a folder from outside; it is made again.
                forgetFolders()
                try writeOnce(hash, bytes)
            }
        } catch .missing {
            throw .failed(ENOENT, "\(folder(of: hash)) is no folder")
        }
    }

    private func writeOnce(_ hash: ContentHash, _ bytes: [UInt8]) throws(StoreError) {
        open.forget(hash)
        try prepareFolder(of: hash)
        let temporary = "\(new)/\(counter.add(1, ordering: .relaxed).newValue)"
        let final = path(of: hash)
        do throws(StoreError) {
            try writeSynced(bytes, to: temporary)
            try Disk.rename(temporary, to: final)
        } catch {
            try Disk.remove(temporary)
            throw error
        }
        do throws(StoreError) {
            try Disk.syncFolder(folder(of: hash))
        } catch {
            try Disk.remove(final)
            throw error
        }
    }

    private func writeSynced(_ bytes: [UInt8], to path: String) throws(StoreError) {
        let file = try DiskFile(path, O_WRONLY | O_CREAT | O_EXCL)
        try file.write(bytes, offset: 0)
        try file.syncData()
    }

    func read(_ hash: ContentHash, offset: Int, length: Int) throws(StoreError) -> [UInt8] {
        let one = OpenChunks.File(try DiskFile(path(of: hash), O_RDONLY | O_NOFOLLOW))
        open.keep(one, for: hash)
        return try one.file.read(offset: Int64(offset), length: length)
    }

    /// Without waiting for the disk, and for files that were read before.
    func readCached(_ hash: ContentHash, offset: Int, length: Int) -> [UInt8]? {
        open[hash]?.readCached(offset: offset, length: length)
    }

    /// The hash of what the file holds now, read in pieces.
    func digest(_ hash: ContentHash) throws(StoreError) -> ContentHash {
        let file = try DiskFile(path(of: hash), O_RDONLY | O_NOFOLLOW)
        var digest = SHA256()
        var offset: Int64 = 0
        while true {
            let piece = try file.read(offset: offset, length: 256 << 10)
            if piece.isEmpty { return digest.finish() }
            digest.update(piece)
            offset += Int64(piece.count)
        }
    }

    /// Removes a chunk's file; it is gone for good when this returns.
    func remove(_ hash: ContentHash) throws(StoreError) {
        open.forget(hash)
        try Disk.remove(path(of: hash))
        try Disk.syncFolder(folder(of: hash))
    }

    /// Moves a chunk's file out of the way.
    func quarantine(_ hash: ContentHash) throws(StoreError) {
        open.forget(hash)
        try quarantine(path(of: hash), as: hash.description)
    }

    private func quarantine(_ path: String, as name: String) throws(StoreError) {
        if try Disk.names(in: quarantineFolder).count >= Self.quarantineLimit {
            try Disk.remove(path)
        } else {
            try Disk.rename(path, to: "\(quarantineFolder)/\(name)")
        }
    }

    /// Makes `ab` and `ab/cd`, and syncs the folders above them, once in the process's life.
    private func prepareFolder(of hash: ContentHash) throws(StoreError) {
        let folder = folder(of: hash)
        try makeCertain(String(folder.dropLast(3)), in: chunks, 65_536 + Int(hash.words[0] >> 56))
        try makeCertain(folder, in: String(folder.dropLast(3)), Int(hash.words[0] >> 48))
    }

    private func makeCertain(_ folder: String, in parent: String, _ number: Int) throws(StoreError) {
        if known.withLock({ $0[number / 64] & 1 << UInt64(number % 64) != 0 }) { return }
        let isNew = try Disk.makeFolder(folder)
        // One that an earlier process made and did not live to sync is only certain now.
        if !isNew { try Disk.syncFolder(parent) }
        known.withLock { $0[number / 64] |= 1 << UInt64(number % 64) }
    }

    private func forgetFolders() {
        known.withLock { known in
            for index in known.indices { known[index] = 0 }
        }
    }

    private func folder(of hash: ContentHash) -> String {
        let text = hash.description
        return "\(chunks)/\(text.prefix(2))/\(text.dropFirst(2).prefix(2))"
    }

    private func path(of hash: ContentHash) -> String { "\(folder(of: hash))/\(hash)" }

    private static func isPair(_ name: String) -> Bool {
        name.utf8.count == 2 && name.utf8.allSatisfy { Hexadecimal.digit($0) != nil }
    }
}
