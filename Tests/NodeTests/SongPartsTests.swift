import Crypto
import DataServer
import Model
import Testing

@testable import RouterServer

/// The arithmetic of byte ranges, against a plain array.
@Suite struct SongPartsTests {
    /// A song of random chunks and its bytes.
    private func song(using generator: inout SeededGenerator) -> (Manifest, [UInt8]) {
        var (chunks, bytes): ([ManifestChunk], [UInt8]) = ([], [])
        for number in 0..<Int.random(in: 1...5, using: &generator) {
            let lengths = [1, 65_535, 65_536, 65_537, 131_072, Int.random(in: 1...300_000, using: &generator)]
            let part = [UInt8](repeating: UInt8(number), count: lengths.randomElement(using: &generator) ?? 1)
            let blocks = (part.count + Manifest.blockLength - 1) / Manifest.blockLength
            chunks.append(
                ManifestChunk(
                    kind: .audio, startMs: 0, startSample: 0, samples: 0, offset: Int64(bytes.count),
                    length: part.count, sha256: SHA256.hash([UInt8(number)]),
                    crc32c: (0..<blocks).map { UInt32($0) }))
            bytes += part
        }
        let manifest = Manifest(
            sha256: SHA256.hash([]), bytes: Int64(bytes.count), container: "wav", codec: "pcm",
            contentType: "audio/wav", sampleRate: 1, channels: 1, bitsPerSample: 8, skipSamples: 0, totalSamples: 0,
            durationMs: 0, codecConfig: "", cover: nil, packets: nil, chunks: chunks)
        return (manifest, bytes)
    }

    @Test(arguments: 0..<40) func `any range is covered once, in order, by whole blocks of chunks`(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let (manifest, bytes) = song(using: &generator)
        for _ in 0..<20 {
            let from = Int.random(in: 0...bytes.count, using: &generator)
            let to = Int.random(in: from...bytes.count, using: &generator)
            let length = Int.random(in: 1...4, using: &generator) * Manifest.blockLength
            var parts = SongParts(manifest, from: Int64(from), to: Int64(to))
            var covered: [UInt8] = []
            while let piece = parts.next(atMost: length) {
                guard let chunk = manifest.chunks.first(where: { $0.sha256 == piece.part.hash }) else { break }
                let part = piece.part
                #expect(part.offset % Manifest.blockLength == 0 && part.length <= length)
                let end = part.offset + part.length
                #expect(end == chunk.length || end % Manifest.blockLength == 0)
                #expect(part.checksums.map(Int.init).first == part.offset / Manifest.blockLength)
                #expect(part.checksums.count == (part.length + Manifest.blockLength - 1) / Manifest.blockLength)
                #expect(Int(piece.start) == from + covered.count)
                let start = Int(chunk.offset) + part.offset
                covered +=
                    bytes[start..<start + part.length][
                        (start + piece.wanted.lowerBound)..<(start + piece.wanted.upperBound)]
            }
            #expect(parts.isComplete)
            #expect(covered == Array(bytes[from..<to]))
        }
    }

    @Test func `no block is read that the range does not touch, and all listeners get the same parts of a chunk`() {
        var generator = SeededGenerator(seed: 2)
        var (manifest, chunk): (Manifest, ManifestChunk)
        repeat {
            (manifest, _) = song(using: &generator)
            chunk = manifest.chunks.max { $0.length < $1.length } ?? manifest.chunks[0]
        } while chunk.length <= 4 * Manifest.blockLength
        let length = 2 * Manifest.blockLength
        let start = chunk.offset + Int64(Manifest.blockLength) + 5
        var parts = SongParts(manifest, from: start, to: start + Int64(2 * Manifest.blockLength))
        // From the middle of the second block to the middle of the fourth.
        let found = [parts.next(atMost: length)?.part, parts.next(atMost: length)?.part]
        #expect(found.map { $0?.offset } == [Manifest.blockLength, 2 * Manifest.blockLength])
        #expect(found.map { $0?.length } == [Manifest.blockLength, 2 * Manifest.blockLength])
        #expect(parts.next(atMost: length) == nil)
    }

    @Test func `a manifest with a hole is not taken for the end of its song`() {
        var generator = SeededGenerator(seed: 1)
        var (manifest, _) = song(using: &generator)
        manifest.bytes += 1
        var parts = SongParts(manifest, from: 0, to: manifest.bytes)
        while parts.next(atMost: 2 * Manifest.blockLength) != nil {}
        #expect(!parts.isComplete)
    }
}
