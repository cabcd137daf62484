internal import Glibc
package import Model
package import Platform

/// A server's files in its home: spooled uploads, state files, and the parser that reads uploads.
package final class LinuxFiles: Files {
    private let home: Home
    private let uploads: String
    private let state: StateFolder
    private let pool: any BlockingRunner
    private let media: MediaProcess

    /// Makes the folders, and removes what uploads of an earlier process left.
    /// - Parameters:
    ///   - pool: runs the disk's calls.
    ///   - mediaProgram: the parser's path; nil is `rondo-media` beside this program.
    /// - Throws: `failed`, `full`.
    package static func open(
        _ home: Home, pool: any BlockingRunner, mediaProgram: String? = nil
    ) async throws(StoreError) -> LinuxFiles {
        try await pool.run { () throws(StoreError) in
            let files = LinuxFiles(home: home, pool: pool, media: MediaProcess(program: mediaProgram ?? beside()))
            try Disk.makeFolders(files.uploads)
            for name in try Disk.names(in: files.uploads) { try Disk.remove("\(files.uploads)/\(name)") }
            try files.state.prepare()
            return files
        }
    }

    private init(home: Home, pool: any BlockingRunner, media: MediaProcess) {
        self.home = home
        uploads = "\(home.path)/uploads"
        state = StateFolder(home: home.path)
        self.pool = pool
        self.media = media
    }

    package func openSpool() async throws(StoreError) -> any SpoolFile {
        try await pool.run { [self] () throws(StoreError) in try LinuxSpool(in: uploads, pool: pool) }
    }

    package func describe(_ spool: any SpoolFile, fileName: String, deadline: MonotonicTime) async -> MediaResult {
        guard let spool = spool as? LinuxSpool else { return .failed("the upload is in no file of this system") }
        return await media.describe(spool, fileName: fileName, deadline: deadline)
    }

    package func render(
        _ spool: any SpoolFile, into target: any SpoolFile, limit: Int64, deadline: MonotonicTime
    ) async -> String? {
        guard let spool = spool as? LinuxSpool else { return "the song is in no file of this system" }
        return await media.render(spool, into: target, limit: limit, deadline: deadline)
    }

    package func loudness(_ spool: any SpoolFile, deadline: MonotonicTime) async throws(MediaFailure) -> Loudness? {
        guard let spool = spool as? LinuxSpool else {
            throw MediaFailure(reason: "the song is in no file of this system")
        }
        return try await media.loudness(spool, deadline: deadline)
    }

    package func saveState(_ name: String, _ bytes: [UInt8]) async throws(StoreError) {
        let ticket = state.ticket()
        try await pool.run { [self] () throws(StoreError) in try state.save(name, bytes, ticket: ticket) }
    }

    package func loadState(_ name: String) async throws(StoreError) -> [UInt8]? {
        try await pool.run { [self] () throws(StoreError) in try state.load(name) }
    }

    /// The path of `rondo-media` in the folder that this program was started from.
    private static func beside() -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        // Safe because readlink(2) writes at most the buffer's size and says how much it wrote.
        let length = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return (own.lastIndex(of: "/").map { String(own[...$0]) } ?? "./") + "rondo-media"
    }
}
