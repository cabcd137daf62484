import Crypto
import Foundation
import Model
import Platform
import TestTools

extension Music {
    /// About 60 MB: more than the buffers of two sockets hold.
    static func long() throws -> String { try song("formats/song.wav") }
    static func short() throws -> String { try song("formats/song.opus") }

    /// Some songs in Ogg Vorbis, in the order of their names.
    static func songs(_ count: Int) throws -> [String] {
        let folder = try song("singularity-music")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".ogg") }.sorted()
        guard names.count >= count else { throw Missing(description: "Run scripts/music, which fetches songs.") }
        return names.prefix(count).map { "\(folder)/\($0)" }
    }

    /// The first 65 seconds of a song's audio, in a folder: what takes a while for every second should not take longer.
    @Loop
    static func piece(of song: String, in folder: String) async throws -> String {
        let path = "\(folder)/piece-\(song.split(separator: "/").last ?? "")"
        let run = try await Tool.run(
            "ffmpeg",
            ["-nostdin", "-v", "error", "-y", "-i", song, "-map", "0:a", "-t", "65", "-c", "copy", path])
        try run.expectSuccess()
        return path
    }

    static func hash(_ path: String) throws -> ContentHash {
        SHA256.hash([UInt8](try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)))
    }
}
