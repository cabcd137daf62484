internal import FoundationEssentials
internal import Model

/// What decodes a song's packets, as a segmented file says it: the one entry of its sample description.
struct SampleEntry: Hashable, Sendable {
    /// The `codecs` parameter of the segments' media type (RFC 6381).
    let codecs: String
    let box: [UInt8]

    /// Nil for a codec that such a file cannot hold or no browser decodes in it, and where its configuration is
    /// damaged.
    init?(_ manifest: Manifest) {
        guard let configuration = Data(base64Encoded: manifest.codecConfig).map({ Array($0) }) else { return nil }
        switch manifest.codec {
        case "flac": self.init(flac: configuration, manifest)
        case "opus": self.init(opus: configuration, manifest)
        case "aac": self.init(aac: configuration, manifest)
        case "mp3": self.init(mp3: manifest)
        default: return nil
        }
    }

    private init(
        _ codecs: String, _ type: String, _ manifest: Manifest, bits: Int = 16, _ rest: (inout Boxes) -> Void
    ) {
        self.codecs = codecs
        var boxes = Boxes()
        boxes.box(type) { boxes in
            boxes.zeros(6)
            // The only data reference.
            boxes.number(UInt16(1))
            boxes.zeros(8)
            boxes.number(UInt16(clamping: manifest.channels))
            boxes.number(UInt16(clamping: bits))
            boxes.zeros(4)
            // 16.16; a rate beyond it stands in the codec's own configuration.
            boxes.number(manifest.sampleRate < 1 << 16 ? UInt32(manifest.sampleRate) << 16 : 0)
            rest(&boxes)
        }
        box = boxes.bytes
    }

    /// "Encapsulation of FLAC in ISO Base Media File Format", version 0.0.4.
    private init?(flac streamInfo: [UInt8], _ manifest: Manifest) {
        guard streamInfo.count >= 34 else { return nil }
        self.init("flac", "fLaC", manifest, bits: manifest.bitsPerSample) { boxes in
            boxes.box("dfLa", version: 0) { boxes in
                // The last metadata block, of type STREAMINFO.
                boxes.number(UInt32(0x8000_0000 | 34))
                boxes.raw(streamInfo.prefix(34))
            }
        }
    }

    /// "Encapsulation of Opus in ISO Base Media File Format", version 0.8.1: OpusHead with its numbers turned round.
    private init?(opus head: [UInt8], _ manifest: Manifest) {
        guard head.count >= 19, head.starts(with: "OpusHead".utf8) else { return nil }
        self.init("opus", "Opus", manifest) { boxes in
            boxes.box("dOps") { boxes in
                boxes.number(UInt8(0))
                boxes.raw([head[9], head[11], head[10], head[15], head[14], head[13], head[12], head[17], head[16]])
                boxes.raw(head[18...])
            }
        }
    }

    private init?(aac configuration: [UInt8], _ manifest: Manifest) {
        guard let first = configuration.first, configuration.count >= 2, configuration.count < 1 << 14 else {
            return nil
        }
        // Five bits, or six more after 31 (ISO 14496-3 §1.6.2.1).
        let object = first >> 3
        let type = object == 31 ? 32 + (Int(first & 7) << 3 | Int(configuration[1] >> 5)) : Int(object)
        self.init("mp4a.40.\(type)", "mp4a", manifest) { boxes in
            Self.elementaryStream(0x40, configuration, in: &boxes)
        }
    }

    private init(mp3 manifest: Manifest) {
        // MPEG-1, or the low rates of MPEG-2 (mp4ra.org, object types).
        let object: UInt8 = manifest.sampleRate > 24_000 ? 0x6B : 0x69
        self.init("mp3", "mp4a", manifest) { boxes in Self.elementaryStream(object, [], in: &boxes) }
    }

    /// ISO 14496-14 §5.6 and ISO 14496-1 §7.2.6: a stream's description around its decoder's.
    private static func elementaryStream(_ object: UInt8, _ configuration: [UInt8], in boxes: inout Boxes) {
        var decoder = Boxes()
        decoder.raw([object, 0x15])
        // Buffer size and bit rates: not said.
        decoder.zeros(11)
        if !configuration.isEmpty { decoder.descriptor(5, configuration) }
        var stream = Boxes()
        stream.zeros(3)
        stream.descriptor(4, decoder.bytes)
        stream.descriptor(6, [2])
        boxes.box("esds", version: 0) { $0.descriptor(3, stream.bytes) }
    }
}
