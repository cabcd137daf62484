internal import Model

/// The first bytes of a segmented file, `init.mp4`: everything but packets (ISO 14496-12 §8; RFC 8216 §3.3).
enum InitSegment {
    private static let matrix: [UInt32] = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000]

    /// Times are in samples, of which `manifest.sampleRate` make a second.
    static func bytes(_ manifest: Manifest, _ entry: SampleEntry) -> [UInt8] {
        var boxes = Boxes()
        boxes.box("ftyp") { boxes in
            boxes.text("iso6")
            boxes.number(UInt32(0))
            boxes.text("iso6mp42")
        }
        boxes.box("moov") { boxes in
            boxes.box("mvhd", version: 0) { boxes in
                boxes.numbers([0, 0, UInt32(manifest.sampleRate), 0, 0x10000])
                boxes.number(UInt16(0x100))
                boxes.zeros(10)
                boxes.numbers(matrix)
                boxes.zeros(24)
                boxes.number(UInt32(2))
            }
            track(manifest, entry, in: &boxes)
            boxes.box("mvex") { boxes in
                // How long it plays: without it a Media Source takes it for a live stream.
                boxes.box("mehd", version: 1) { $0.number(UInt64(clamping: manifest.totalSamples)) }
                // Packets depend on no others: each may be begun with.
                boxes.box("trex", version: 0) { $0.numbers([1, 1, 0, 0, 0x0200_0000]) }
            }
        }
        return boxes.bytes
    }

    private static func track(_ manifest: Manifest, _ entry: SampleEntry, in boxes: inout Boxes) {
        boxes.box("trak") { boxes in
            // Enabled and in the movie.
            boxes.box("tkhd", version: 0, flags: 3) { boxes in
                boxes.numbers([0, 0, 1, 0, 0, 0, 0])
                boxes.numbers([0, 0x0100_0000])
                boxes.numbers(matrix)
                boxes.zeros(8)
            }
            if let skipped = Int32(exactly: manifest.skipSamples), skipped > 0 {
                // What a decoder gives first and nobody is to hear; a length of 0 is all of it.
                boxes.box("edts") { $0.box("elst", version: 0) { $0.numbers([1, 0, UInt32(skipped), 0x10000]) } }
            }
            boxes.box("mdia") { boxes in
                boxes.box("mdhd", version: 0) { boxes in
                    boxes.numbers([0, 0, UInt32(manifest.sampleRate), 0])
                    // "und", three times five bits: no language is said.
                    boxes.numbers([0x55C4_0000])
                }
                boxes.box("hdlr", version: 0) { boxes in
                    boxes.number(UInt32(0))
                    boxes.text("soun")
                    boxes.zeros(12)
                    boxes.text("Rondo\0")
                }
                media(entry, in: &boxes)
            }
        }
    }

    private static func media(_ entry: SampleEntry, in boxes: inout Boxes) {
        boxes.box("minf") { boxes in
            boxes.box("smhd", version: 0) { $0.zeros(4) }
            boxes.box("dinf") { boxes in
                boxes.box("dref", version: 0) { boxes in
                    boxes.number(UInt32(1))
                    // In this file.
                    boxes.box("url ", version: 0, flags: 1) { _ in }
                }
            }
            boxes.box("stbl") { boxes in
                boxes.box("stsd", version: 0) { boxes in
                    boxes.number(UInt32(1))
                    boxes.raw(entry.box)
                }
                for type in ["stts", "stsc", "stco"] { boxes.box(type, version: 0) { $0.zeros(4) } }
                boxes.box("stsz", version: 0) { $0.zeros(8) }
            }
        }
    }
}
