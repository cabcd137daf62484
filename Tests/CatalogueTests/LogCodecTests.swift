import Catalogue
import Model
import Testing
import Wire

@Suite struct LogCodecTests {
    private func record(_ number: UInt64, title: String = "A song") -> LogRecord {
        let hash = ContentHash(words: .init(repeating: number))
        let content = SongContent(
            sha256: hash, bytes: 1_000, contentType: "audio/flac", durationMs: 9_000, chunks: 1, manifest: hash,
            manifestLength: 10, cover: Attachment(sha256: hash, length: 5, contentType: "image/png"))
        let names = SongNames(SongTags(title: title, artist: title, album: title, genre: title), fileName: "")
        let stamp = Stamp(wallMs: Int64(number), counter: 1, writer: ServerID(3))
        return LogRecord(
            origin: LogOrigin(server: ServerID(UInt128(number)), log: ServerID(9)), sequence: number,
            entry: SongEntry(names, content: content, addedAtMs: 7, at: stamp))
    }

    @Test func `changes are read back as they were written`() throws {
        let records = (1...50).map { record($0) }
        let read = try LogCodec.decode(LogCodec.encode(records, isCaughtUp: true))
        #expect(read.records == records && read.isCaughtUp)
        let none = try LogCodec.decode(LogCodec.encode([]))
        #expect(none.records.isEmpty && !none.isCaughtUp)
    }

    @Test func `long changes come in parts that fit into a frame, at least one in each`() throws {
        let records = (1...500).map { record($0, title: String(repeating: "🎵", count: 1_000)) }
        let bytes = LogCodec.encode(records)
        let read = try LogCodec.decode(bytes).records
        #expect(bytes.count < 2 << 20)
        #expect(!read.isEmpty && read == Array(records.prefix(read.count)) && read.count < 500)
    }

    @Test func `changes that end too early, or whose entry is none, are refused`() {
        let bytes = LogCodec.encode([record(1)])
        for length in 1..<bytes.count {
            #expect(throws: ProtobufError.self) { try LogCodec.decode(Array(bytes.prefix(length))) }
        }
        var writer = ProtobufWriter()
        writer.message(1) { writer in
            writer.id(1, ServerID(1))
            writer.id(2, ServerID(2))
            writer.bytes(4, [99])
        }
        #expect(throws: ProtobufError.invalid(field: 4)) { try LogCodec.decode(writer.bytes) }
    }
}
