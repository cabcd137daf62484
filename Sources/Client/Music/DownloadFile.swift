import Model
import Platform

/// A file that appears under its name when it is whole, and not before.
@Loop
final class DownloadFile: ByteSink {
    let path: String
    private let temporary: String
    private let world: ClientWorld
    private let total: Int64
    private let progress: ProgressLine
    private var offset: Int64 = 0

    init(path: String, world: ClientWorld, total: Int64) {
        self.path = path
        self.world = world
        self.total = total
        temporary = "\(path).\(String(UInt32.random(in: 0 ... .max), radix: 16)).part"
        progress = ProgressLine(screen: world.screen, clock: world.clock)
    }

    func write(_ bytes: ArraySlice<UInt8>) async throws(ClientError) {
        do throws(StoreError) {
            try await world.files.write(temporary, offset: offset, Array(bytes))
        } catch {
            throw Self.error(error, path)
        }
        offset += Int64(bytes.count)
        progress.show(done: offset, total: total, label: path)
    }

    func finish() async throws(ClientError) {
        progress.clear()
        do throws(StoreError) {
            try await world.files.rename(temporary, to: path)
        } catch {
            throw Self.error(error, path)
        }
    }

    /// Removes what was written; where that fails, the ending of its name says what it is.
    func discard() async {
        progress.clear()
        try? await world.files.remove(temporary)
    }

    private static func error(_ error: StoreError, _ path: String) -> ClientError {
        switch error {
        case .missing: .file("the folder of \(path) does not exist; make it first")
        case .full: .file("the disk is full; \(path) could not be written")
        case .corrupt, .failed: .file("\(path) cannot be written; check the rights of its folder")
        }
    }
}
