import Crypto
import FoundationEssentials
import Glibc
import Model
import Platform
import Testing

@testable import Linux

/// A folder that is gone when the test ends.
final class StorageFolder: Sendable {
    let path: String
    let pool = BlockingPool(name: "test-disk", threads: 3)

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "rondo-storage-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            print("could not remove \(path): \(error)")
        }
    }

    func chunks(capacity: Int64? = nil) async throws -> FileChunkStore {
        try await FileChunkStore.open(home: path, capacity: capacity, pool: pool)
    }

    func files(mediaProgram: String? = nil) async throws -> LinuxFiles {
        try await LinuxFiles.open(Home(path), pool: pool, mediaProgram: mediaProgram)
    }

    /// The path at which a chunk's file is to be.
    func file(of hash: ContentHash) -> String {
        let text = hash.description
        return "\(path)/chunks/\(text.prefix(2))/\(text.dropFirst(2).prefix(2))/\(text)"
    }

    func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)").sorted()
    }

    func write(_ bytes: [UInt8], to file: String) throws {
        let url = URL(filePath: file)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }
}

/// Some bytes that differ by `seed`, and their hash.
func chunk(_ seed: UInt64, length: Int = 10_000) -> (hash: ContentHash, bytes: [UInt8]) {
    var generator = SeededGenerator(seed: seed)
    let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
    return (SHA256.hash(bytes), bytes)
}
