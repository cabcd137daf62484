internal import CLinux
internal import Glibc
internal import Model
package import Platform

/// A server's folder, locked for as long as this object lives: two servers on one home would destroy each other's
/// files.
package final class Home: Sendable {
    package let path: String
    private let lock: DiskFile

    /// Makes the folder where it is missing, and locks it. To be called before the loop runs, for it blocks.
    /// - Throws: `failed` with a message that says what to do.
    package init(_ path: String) throws(StoreError) {
        self.path = path
        do throws(StoreError) {
            try Disk.makeFolders(path)
            lock = try DiskFile("\(path)/lock", O_RDWR | O_CREAT)
        } catch {
            throw Self.unusable(path, error)
        }
        let result = rondo_result(Int(flock(lock.number, LOCK_EX | LOCK_NB)))
        if result == -EWOULDBLOCK {
            throw .failed(
                EWOULDBLOCK, "another rondo server runs on \(path)\(Self.owner(lock)); stop it or choose another --home"
            )
        }
        try Disk.check(result, "cannot lock", path)
        try lock.write(Self.padded(getpid()), offset: 0)
    }

    /// The first of the homes `server-1`, `server-2` … in a folder that no other server holds; made where all are held.
    ///
    /// For containers that share one volume: whoever starts again, or for another one, goes on with a home that is
    /// there, and a larger number of servers makes as many more.
    /// - Throws: as `init`, of anything but a home that is held.
    package static func firstFree(in folder: String) throws(StoreError) -> Home {
        for number in 1...mostHomes {
            do throws(StoreError) {
                return try Home("\(folder)/server-\(number)")
            } catch {
                guard case .failed(EWOULDBLOCK, _) = error else { throw error }
            }
        }
        throw .failed(EWOULDBLOCK, "all \(mostHomes) homes in \(folder) are in use; give another --home")
    }

    private static let mostHomes = 10_000

    /// Where the catalogue's database lies.
    package var catalogue: String { "\(path)/catalogue.db" }

    private static func unusable(_ path: String, _ error: StoreError) -> StoreError {
        switch error {
        case .full: .failed(ENOSPC, "the disk of \(path) is full; make room or choose another --home")
        case .failed(let number, let message):
            .failed(number, "\(message); choose a --home that this user can write to")
        case .missing: .failed(ENOTDIR, "\(path) is no folder; choose another --home")
        case .corrupt: error
        }
    }

    /// The lock's owner writes its process id in a fixed width, so that a shorter one leaves nothing of the one before.
    private static func padded(_ process: pid_t) -> [UInt8] {
        let text = String(process)
        return Array((text + String(repeating: " ", count: max(0, 10 - text.utf8.count)) + "\n").utf8)
    }

    private static func owner(_ lock: borrowing DiskFile) -> String {
        guard let bytes = try? lock.read(offset: 0, length: 10) else { return "" }
        let digits = bytes.prefix { (0x30...0x39).contains($0) }
        return digits.isEmpty ? "" : " (process \(String(decoding: digits, as: UTF8.self)))"
    }
}
