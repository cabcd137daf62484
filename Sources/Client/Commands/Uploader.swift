import Model
import Platform

/// How an upload of several files went.
package struct UploadSummary: Hashable, Sendable {
    package var uploaded = 0
    package var present = 0
    package var failed = 0
    /// Bytes of the files that were uploaded.
    package var bytes: Int64 = 0
}

/// Uploads files, a few at a time, and tells about each.
@Loop
final class Uploader {
    private static let parallel = 3
    /// A cluster that is just changing its roles says 503 for a moment.
    private static let perseverance = Duration.seconds(20)

    private let session: RouterSession
    private let world: ClientWorld
    private let showsEach: Bool
    private let progress: ProgressLine
    private var summary = UploadSummary()
    private var waiting: [MusicFile] = []
    private var sent: [String: Int64] = [:]
    private var doneBytes: Int64 = 0
    private var totalBytes: Int64 = 0
    private var fileCount = 0
    private var finishedCount = 0

    init(session: RouterSession, showsEach: Bool) {
        self.session = session
        self.showsEach = showsEach
        world = session.world
        progress = ProgressLine(screen: session.world.screen, clock: session.world.clock)
    }

    func upload(_ files: [MusicFile]) async -> UploadSummary {
        waiting = files.reversed()
        fileCount = files.count
        totalBytes = files.reduce(0) { $0 + $1.length }
        let workers = (0..<min(Self.parallel, files.count)).map { number in
            Loop.spawn("upload \(number)") { await self.work() }
        }
        for worker in workers { await worker.value }
        progress.clear()
        return summary
    }

    private func work() async {
        while let file = waiting.popLast() {
            do throws(ClientError) {
                let line = count(try await upload(file), of: file)
                if showsEach { progress.line(line) }
            } catch {
                summary.failed += 1
                progress.line("failed    \(file.path): \(error)")
            }
            finishedCount += 1
            doneBytes += file.length
            sent[file.path] = nil
            show(file)
        }
    }

    private func count(_ result: UploadResult, of file: MusicFile) -> String {
        switch result {
        case .uploaded(let song, let replicas):
            summary.uploaded += 1
            summary.bytes += file.length
            return "uploaded  \(song.name) (\(TextTable.bytes(file.length)), \(replicas) replicas)"
        case .present(let song):
            summary.present += 1
            return "present   \(song.name)"
        }
    }

    private func upload(_ file: MusicFile) async throws(ClientError) -> UploadResult {
        let hash: ContentHash
        do throws(StoreError) {
            hash = try await world.files.hash(file.path)
        } catch {
            throw .file("the file cannot be read; check its rights")
        }
        if file.length > 0, let song = try await SongFinder(session: session).song(withHash: hash) {
            return .present(song)
        }
        let upload = FileUpload(
            path: file.path, fileName: file.name, length: file.length, hash: hash, world: world
        ) { [self] bytes in
            sent[file.path] = bytes
            show(file)
        }
        return try await session.perform(for: Self.perseverance) { router throws(AttemptError) in
            try await upload.send(to: router)
        }
    }

    private func show(_ file: MusicFile) {
        let done = sent.values.reduce(doneBytes, +)
        progress.show(done: done, total: totalBytes, label: "\(finishedCount)/\(fileCount) \(file.name)")
    }
}
