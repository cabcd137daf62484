/// The header of an MPEG audio Layer III frame (ISO 11172-3 §2.4.2.3, 13818-3) or of an ADTS frame (ISO 14496-3
/// §1.A.2.2).
struct FrameHeader: Hashable {
    enum Kind { case layer3, adts }

    let kind: Kind
    let sampleRate: Int
    let channels: Int
    /// The whole frame with its header, in bytes.
    let length: Int
    let samples: Int
    /// What stands before the one packet of an ADTS frame, in bytes; 0 where the frame itself is the packet, or has
    /// several of them.
    let packetHead: Int
    /// Nil for MP3; for ADTS the AudioSpecificConfig that says the same (ISO 14496-3 §1.6.2.1).
    let configuration: [UInt8]?

    /// Whether two frames can belong to one stream.
    func continues(_ other: FrameHeader) -> Bool {
        kind == other.kind && sampleRate == other.sampleRate && samples == other.samples
            && configuration == other.configuration
    }

    /// Reads a header from at least 7 bytes (4 for MP3).
    init?(_ bytes: some Collection<UInt8>) {
        let head = Array(bytes.prefix(7))
        guard head.count >= 4, head[0] == 0xFF, head[1] & 0xE0 == 0xE0 else { return nil }
        if head[1] & 0xF6 == 0xF0 {
            guard head.count == 7 else { return nil }
            self.init(adts: head)
        } else {
            self.init(mpeg: head)
        }
    }

    private static let rates1 = [44100, 48000, 32000]
    private static let kilobits1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
    private static let kilobits2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]

    private init?(mpeg head: [UInt8]) {
        let version = head[1] >> 3 & 3
        let rate = Int(head[2] >> 2 & 3)
        let bitrate = Int(head[2] >> 4)
        guard version != 1, head[1] >> 1 & 3 == 1, rate < 3, (1...14).contains(bitrate), head[3] & 3 != 2 else {
            return nil
        }
        let first = version == 3
        kind = .layer3
        sampleRate = Self.rates1[rate] / (first ? 1 : version == 2 ? 2 : 4)
        channels = head[3] >> 6 == 3 ? 1 : 2
        samples = first ? 1152 : 576
        let bits = (first ? Self.kilobits1 : Self.kilobits2)[bitrate] * 1000
        length = samples / 8 * bits / sampleRate + Int(head[2] >> 1 & 1)
        packetHead = 0
        configuration = nil
    }

    private static let adtsRates = [
        96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
    ]

    private init?(adts head: [UInt8]) {
        let object = head[2] >> 6 + 1
        let rate = head[2] >> 2 & 15
        let layout = (head[2] & 1) << 2 | head[3] >> 6
        guard Int(rate) < Self.adtsRates.count else { return nil }
        length = Int(head[3] & 3) << 11 | Int(head[4]) << 3 | Int(head[5] >> 5)
        guard length > 7 else { return nil }
        kind = .adts
        sampleRate = Self.adtsRates[Int(rate)]
        channels = layout == 7 ? 8 : layout == 0 ? 2 : Int(layout)
        samples = 1024 * (Int(head[6] & 3) + 1)
        // Without a checksum 7 bytes. A frame that describes its own channels says so inside the packet.
        packetHead = samples > 1024 || layout == 0 ? 0 : head[1] & 1 == 1 ? 7 : 9
        configuration = [object << 3 | rate >> 1, (rate & 1) << 7 | layout << 3]
    }
}

extension UploadedFile {
    func frame(at offset: Int64) -> FrameHeader? { FrameHeader(read(at: offset, count: 7)) }

    /// Whether `wanted` frames of one stream follow each other from `offset`, or fewer that end with the file.
    func frameRun(at offset: Int64, wanted: Int) -> FrameHeader? {
        guard let first = frame(at: offset) else { return nil }
        var position = offset + Int64(first.length)
        for _ in 1..<wanted {
            if position >= length { return first }
            guard let next = frame(at: position), next.continues(first) else {
                return isTrailingTag(at: position) ? first : nil
            }
            position += Int64(next.length)
        }
        return first
    }

    /// Whether an ID3v1 tag, an APE tag or a Lyrics3 tag begins at `offset`.
    func isTrailingTag(at offset: Int64) -> Bool {
        let start = text(at: offset, count: 11)
        return start.hasPrefix("TAG") || start.hasPrefix("APETAGEX") || start.hasPrefix("LYRICSBEGIN")
    }

    /// The end of all ID3v2 tags at the beginning (id3v2.4.0-structure §3.1); 0 without one.
    var endOfLeadingTags: Int64 {
        var end: Int64 = 0
        while true {
            let head = read(at: end, count: 10)
            guard head.count == 10, head.starts(with: "ID3".utf8), head[6...].allSatisfy({ $0 < 128 }) else {
                return end
            }
            let size = head[6...].reduce(0) { $0 << 7 | Int64($1) }
            end += 10 + size + (head[5] & 0x10 != 0 ? 10 : 0)
        }
    }
}
