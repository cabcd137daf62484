import Foundation

/// Songs of noise as WAV files with tags, for where it takes more music than anybody has at hand.
enum MadeSongs {
    private static let bytesPerSecond = 44_100 * 4

    /// Writes `count` files of about `megabytes` each; no two blocks of any two of them are equal.
    static func write(_ count: Int, megabytes: Int, in folder: String) throws -> [String] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return try (0..<count).map { number in
            let path = "\(folder)/\(number).wav"
            try write(path, number: number, length: megabytes * 1_000_000 / 4 * 4)
            return path
        }
    }

    private static func write(_ path: String, number: Int, length: Int) throws {
        let tags = list(title: "Noise \(number)", artist: "The Bench")
        var head = Data("RIFF".utf8)
        head.append(number32: 4 + 24 + tags.count + 8 + length)
        head.append(Data("WAVEfmt ".utf8))
        head.append(number32: 16)
        // PCM, two channels, 44.1 kHz, 16 bits.
        for value in [1, 2] { head.append(number16: value) }
        for value in [44_100, bytesPerSecond] { head.append(number32: value) }
        for value in [4, 16] { head.append(number16: value) }
        head.append(tags)
        head.append(Data("data".utf8))
        head.append(number32: length)
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        defer { try? file.close() }
        try file.write(contentsOf: head)
        var noise = Noise(seed: UInt64(number))
        var left = length
        while left > 0 {
            let piece = min(left, 4 << 20)
            try file.write(contentsOf: noise.bytes(piece))
            left -= piece
        }
    }

    /// The tags as RIFF has them, each padded to an even length.
    private static func list(title: String, artist: String) -> Data {
        var body = Data("INFO".utf8)
        for (name, text) in [("INAM", title), ("IART", artist), ("IPRD", "Measurements")] {
            var bytes = Data(text.utf8) + [0]
            body.append(Data(name.utf8))
            body.append(number32: bytes.count)
            if bytes.count % 2 == 1 { bytes.append(0) }
            body.append(bytes)
        }
        var list = Data("LIST".utf8)
        list.append(number32: body.count)
        return list + body
    }
}

/// Numbers without a pattern, the same for the same seed (SplitMix64, Steele and others 2014).
struct Noise: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x5851_F42D_4C95_7F2D }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func bytes(_ count: Int) -> Data {
        let words = (0..<(count + 7) / 8).map { _ in next() }
        // Safe because the bytes are copied during the call.
        return unsafe words.withUnsafeBytes { unsafe Data($0.prefix(count)) }
    }
}

extension Data {
    fileprivate mutating func append(number32 value: Int) {
        for shift in stride(from: 0, to: 32, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    fileprivate mutating func append(number16 value: Int) {
        for shift in [0, 8] { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
