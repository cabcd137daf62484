import Crypto
import FoundationEssentials
import Glibc
import Model
import Platform
import Testing
import TestTools

@testable import Linux

/// A server's home that is gone when the test ends, with what opens stores in it.
struct StorageFolder: Sendable {
    private let folder: TemporaryFolder
    let pool = BlockingPool(name: "test-disk", threads: 3)

    init() throws { folder = try TemporaryFolder() }

    var path: String { folder.path }

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

/// A chunk of 10,000 bytes that differ by `seed`.
func smallChunk(_ seed: UInt64) -> (hash: ContentHash, bytes: [UInt8]) { chunk(seed, length: 10_000) }
