import Catalogue
import Crypto
import FoundationEssentials
import HTTP
import Model
import RouterServer

/// A song of made-up bytes: a head, ten chunks of 10 s each, a tail.
struct TestSong: Sendable {
    let bytes: [UInt8]
    let cover: [UInt8]
    /// A hundred packets a chunk.
    let packets: [UInt8]
    let entry: SongEntry
    let stored: StoredManifest

    private static let shared = Result { try TestSong("One") }

    /// Always the same song, made once.
    static func one() throws -> TestSong { try shared.get() }

    init(
        _ title: String, artist: String = "Someone", album: String = "Something", seed: UInt64 = 1,
        codec: String = "flac", rendition: Attachment? = nil
    ) throws {
        var generator = SeededGenerator(seed: seed)
        let lengths = [1000] + (0..<10).map { 90_000 + $0 } + [128]
        bytes = (0..<lengths.reduce(0, +)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        cover = Array("\u{89}PNG pretended".utf8)
        let hash = SHA256.hash(bytes)
        packets = Self.packets(lengths[1...10])
        let listed = Attachment(sha256: SHA256.hash(packets), length: packets.count, contentType: "x/packets")
        let attachment = Attachment(sha256: SHA256.hash(cover), length: cover.count, contentType: "image/png")
        var manifest = Manifest(
            sha256: hash, bytes: Int64(bytes.count), container: "flac", codec: codec, contentType: "audio/flac",
            sampleRate: 44_100, channels: 2, bitsPerSample: 16, skipSamples: 0, totalSamples: 4_410_000,
            durationMs: 100_000, codecConfig: Data(Array(repeating: 1, count: 34)).base64EncodedString(),
            cover: attachment, packets: listed, chunks: Self.chunks(lengths, bytes))
        manifest.rendition = rendition
        let json = try JSONText.encode(manifest)
        stored = StoredManifest(manifest: manifest, bytes: json)
        let stamp = Stamp(wallMs: 1_000, counter: 0, writer: ServerID(1))
        entry = SongEntry(
            id: SongIdentity.id(title: title, artist: artist, album: album), title: Stamped(title, at: stamp),
            artist: Stamped(artist, at: stamp), album: Stamped(album, at: stamp), genre: Stamped("", at: stamp),
            year: Stamped(1994, at: stamp), track: Stamped(nil, at: stamp),
            content: Stamped(
                SongContent(
                    sha256: hash, bytes: Int64(bytes.count), contentType: "audio/flac", durationMs: 100_000,
                    chunks: lengths.count, manifest: SHA256.hash(json), manifestLength: json.count, cover: attachment),
                at: stamp),
            addedAtMs: 784_111_777_000, alive: Stamped(true, at: stamp))
    }

    private static func packets(_ chunks: ArraySlice<Int>) -> [UInt8] {
        var list = PacketList.Encoder()
        for length in chunks {
            for number in 0..<100 {
                list.append(PacketList.Packet(length: number < 99 ? 900 : length - 99 * 900, samples: 4_410))
            }
        }
        return list.finish()
    }

    private static func chunks(_ lengths: [Int], _ bytes: [UInt8]) -> [ManifestChunk] {
        var offset = 0
        return lengths.indices.map { index in
            let kind: ChunkKind = index == 0 ? .head : index == lengths.count - 1 ? .tail : .audio
            let startMs = Int64(max(0, index - 1)) * 10_000
            defer { offset += lengths[index] }
            return ManifestChunk(
                kind: kind, startMs: startMs, startSample: startMs * 441 / 10, samples: kind == .audio ? 441_000 : 0,
                offset: Int64(offset), length: lengths[index],
                sha256: SHA256.hash(bytes[offset..<offset + lengths[index]]), crc32c: [])
        }
    }

    /// What a song's manifest calls this one when it is its rendition.
    var asRendition: Attachment {
        let content = entry.content.value
        return Attachment(sha256: content.manifest, length: content.manifestLength, contentType: "x/manifest")
    }

    var path: String { "/api/v1/songs/\(entry.id)" }
    var tag: String { "\"\(entry.content.value.sha256)\"" }
}
