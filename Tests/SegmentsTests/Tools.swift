import Foundation
import Model
import Segments

/// Manifests and packet lists of made-up songs, whose original is whatever a test says.
enum Sample {
    static let streamInfo: [UInt8] =
        [
            0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x0A, 0xC4, 0x42, 0xF0, 0, 0, 0, 0,
        ] + Array(repeating: 7, count: 16)

    static func hash(_ byte: UInt8) -> ContentHash {
        ContentHash(bytes: Array(repeating: byte, count: 32)) ?? ContentHash(words: .init(repeating: 0))
    }

    static func chunk(_ kind: ChunkKind, at offset: Int64, _ length: Int, from sample: Int64, _ samples: Int64)
        -> ManifestChunk
    {
        ManifestChunk(
            kind: kind, startMs: sample * 1000 / 44_100, startSample: sample, samples: samples, offset: offset,
            length: length, sha256: hash(1), crc32c: [])
    }

    static func manifest(
        codec: String = "flac", container: String? = nil, configuration: [UInt8] = streamInfo, rate: Int = 44_100,
        skip: Int64 = 0, total: Int64, bits: Int = 16, chunks: [ManifestChunk]
    ) -> Manifest {
        Manifest(
            sha256: hash(2), bytes: chunks.reduce(0) { $0 + Int64($1.length) }, container: container ?? codec,
            codec: codec, contentType: "audio/x", sampleRate: rate, channels: 2, bitsPerSample: bits,
            skipSamples: skip, totalSamples: total, durationMs: total * 1000 / Int64(rate),
            codecConfig: Data(configuration).base64EncodedString(), cover: nil, packets: nil, chunks: chunks)
    }

    static func list(
        _ packets: [PacketList.Packet], packetHead: Int = 0, pages: [PacketList.Page] = []
    ) -> [UInt8] {
        var encoder = PacketList.Encoder()
        for packet in packets { encoder.append(packet) }
        return encoder.finish(packetHead: packetHead, pages: pages)
    }

    /// A head of 100 bytes, two audio chunks of three packets each, a tail: packets of 10, 20 … 60 bytes.
    static func song(_ packets: [PacketList.Packet]? = nil) throws -> SongSegments {
        let listed = packets ?? (1...6).map { PacketList.Packet(length: $0 * 10, samples: 4_410) }
        return try SongSegments(
            manifest(
                total: 26_460,
                chunks: [
                    chunk(.head, at: 0, 100, from: 0, 0), chunk(.audio, at: 100, 60, from: 0, 13_230),
                    chunk(.audio, at: 160, 150, from: 13_230, 13_230), chunk(.tail, at: 310, 9, from: 26_460, 0),
                ]), packets: list(listed))
    }
}

/// A file's boxes, as far as they are containers.
struct BoxTree {
    let type: String
    let content: ArraySlice<UInt8>
    let children: [BoxTree]

    private static let containers: Set = [
        "moov", "trak", "mdia", "minf", "dinf", "stbl", "mvex", "edts", "moof", "traf",
    ]

    /// - Returns: the boxes that follow each other in `bytes`; nil when lengths do not add up.
    static func read(_ bytes: ArraySlice<UInt8>) -> [BoxTree]? {
        var rest = bytes
        var boxes: [BoxTree] = []
        while !rest.isEmpty {
            guard rest.count >= 8 else { return nil }
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            let type = String(decoding: rest.dropFirst(4).prefix(4), as: UTF8.self)
            guard length >= 8, length <= rest.count else { return nil }
            let content = rest.prefix(length).dropFirst(8)
            let children = containers.contains(type) ? read(content) : []
            guard let children else { return nil }
            boxes.append(BoxTree(type: type, content: content, children: children))
            rest = rest.dropFirst(length)
        }
        return boxes
    }

    /// The first box of this type anywhere below.
    static func find(_ type: String, in boxes: [BoxTree]) -> BoxTree? {
        for box in boxes {
            if box.type == type { return box }
            if let found = find(type, in: box.children) { return found }
        }
        return nil
    }

    /// All types in order, those inside others in brackets.
    static func outline(_ boxes: [BoxTree]) -> String {
        boxes.map { $0.children.isEmpty ? $0.type : "\($0.type)(\(outline($0.children)))" }.joined(separator: " ")
    }
}

extension [UInt8] {
    /// Hexadecimal digits, in groups by spaces or not.
    init(hex: String) {
        let digits = hex.filter(\.isHexDigit)
        self = stride(from: 0, to: digits.count, by: 2).compactMap { index in
            let start = digits.index(digits.startIndex, offsetBy: index)
            return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
        }
    }
}
