import Crypto
import Foundation
import Model

/// The real songs that `scripts/music` fetches.
enum Music {
    /// `RONDO_MUSIC`, or where `scripts/music` puts the songs.
    static let folder = ProcessInfo.processInfo.environment["RONDO_MUSIC"] ?? root + "/.build/music"

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    static func file(_ name: String) throws -> String {
        let path = folder + "/" + name
        guard FileManager.default.fileExists(atPath: path) else {
            throw NotInTime(description: "\(path) is missing. Run scripts/music, which fetches it.")
        }
        return path
    }

    /// About 60 MB: more than the buffers of two sockets hold.
    static func long() throws -> String { try file("formats/song.wav") }
    static func short() throws -> String { try file("formats/song.opus") }

    /// Some songs in Ogg Vorbis, in the order of their names.
    static func songs(_ count: Int) throws -> [String] {
        let folder = try file("singularity-music")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".ogg") }.sorted()
        guard names.count >= count else { throw NotInTime(description: "Run scripts/music, which fetches songs.") }
        return names.prefix(count).map { "\(folder)/\($0)" }
    }

    static func hash(_ path: String) throws -> ContentHash {
        SHA256.hash([UInt8](try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)))
    }
}
