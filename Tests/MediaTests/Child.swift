import Foundation
import Media
import Model
import Synchronization
import Testing
import TestTools

/// `rondo-media` as a server runs it, with its answer taken apart and held against the contract.
enum Child {
    struct Song: Sendable {
        let description: MediaDescription
        let cover: [UInt8]
        let packets: [UInt8]
    }

    enum Answer: Sendable {
        case song(Song)
        case refused(Refusal)

        var refusal: Refusal? {
            if case .refused(let refusal) = self { refusal } else { nil }
        }
    }

    private struct Document: Decodable {
        var song: MediaDescription?
        var refused: Refusal?
    }

    /// Beside the test program itself.
    static let program = buildFolder + "/rondo-media"

    /// Songs of the collection, which many tests look at.
    private static let known = Mutex<[String: Song]>([:])

    static func song(_ path: String) async throws -> Song {
        if let song = known.withLock({ $0[path] }) { return song }
        let answer = try await parse(path)
        guard case .song(let song) = answer else {
            throw Music.Missing(description: "\(path) was refused: \(answer)")
        }
        if path.hasPrefix(Music.folder) { known.withLock { $0[path] = song } }
        return song
    }

    static func parse(_ path: String) async throws -> Answer {
        let run = try await Program.run([program, URL(filePath: path).lastPathComponent], descriptor3: path)
        #expect(run.status == 0 && !run.wasKilled, "\(path): exit \(run.status): \(run.errors)")
        #expect(run.duration < .seconds(30), "\(path): \(run.duration)")
        let bytes = Array(run.output)
        try #require(bytes.count >= 4)
        let length = bytes[..<4].reduce(0) { $0 << 8 | Int($1) }
        try #require(bytes.count >= 4 + length)
        let document = try JSONDecoder().decode(Document.self, from: Data(bytes[4..<(4 + length)]))
        let rest = bytes[(4 + length)...]
        if let refused = document.refused {
            #expect(document.song == nil && rest.isEmpty)
            return .refused(refused)
        }
        let description = try #require(document.song)
        #expect(rest.count == description.coverLength + description.packetsLength)
        try check(description, path)
        return .song(
            Song(
                description: description, cover: Array(rest.prefix(description.coverLength)),
                packets: Array(rest.dropFirst(description.coverLength))))
    }

    /// What must hold for every song, however strange the file.
    private static func check(_ song: MediaDescription, _ path: String) throws {
        var offset: Int64 = 0
        var sample: Int64 = 0
        for cut in song.cuts {
            #expect(cut.offset == offset && (1...Manifest.maximumChunkLength).contains(cut.length), "\(path) \(cut)")
            #expect(cut.samples >= 0 && cut.startSample >= 0 && cut.startSample <= song.totalSamples, "\(path) \(cut)")
            #expect(cut.startMs == cut.startSample * 1000 / Int64(song.sampleRate))
            if cut.kind == .audio {
                #expect(cut.startSample == sample, "\(path) \(cut)")
                sample += cut.samples
            }
            offset += Int64(cut.length)
        }
        let size = try size(path)
        #expect(offset == song.bytes && song.bytes == size)
        #expect(sample == song.totalSamples && song.totalSamples > 0)
        #expect(song.durationMs == song.totalSamples * 1000 / Int64(song.sampleRate))
        #expect(song.cuts.map(\.kind) == song.cuts.map(\.kind).sorted { rank($0) < rank($1) })
    }

    private static func rank(_ kind: ChunkKind) -> Int { kind == .head ? 0 : kind == .audio ? 1 : 2 }

    static func size(_ path: String) throws -> Int64 {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64 ?? -1)
    }
}

extension Sequence {
    /// `map` for what has to be waited for.
    func each<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
