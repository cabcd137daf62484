internal import Model

/// Decides where the original is cut: a head, audio chunks of about 10 s, a tail
/// (`docs/decisions/0005-chunks-of-original-bytes.md`).
///
/// Chunks begin at the first packet at or after every 10 s (in Ogg files at the first page), or earlier where the next
/// packets would make one longer than `maximumLength`. What is longer all the same (a head with large covers, a giant
/// packet) is cut bluntly; of such pieces the first has the samples.
struct Cutter {
    /// One packet as the cutter sees it.
    struct Packet {
        let position: Int64
        let length: Int
        /// Heard position of its first sample, 0 while the skipped ones last.
        let startSample: Int64
        /// Whether a chunk may begin here.
        let beginsCut: Bool
        /// False for a page of Ogg that begins with the rest of a packet: better to wait for another one, up to a
        /// second.
        let isClean: Bool
        /// How many bytes may come before the next packet at which a chunk may begin.
        let reach: Int
    }

    private let sampleRate: Int
    private let interval: Int64
    private let maximumLength: Int64
    private(set) var cuts: [MediaCut] = []
    private var start: (offset: Int64, sample: Int64)?
    private var boundary: Int64 = 0

    init(sampleRate: Int, maximumLength: Int = Manifest.maximumChunkLength) {
        self.sampleRate = sampleRate
        interval = Int64(sampleRate) * 10
        self.maximumLength = Int64(maximumLength)
    }

    mutating func add(_ packet: Packet) {
        guard let start else {
            emit(.head, from: 0, to: packet.position, startSample: 0, endSample: 0)
            start = (packet.position, 0)
            boundary = interval
            return
        }
        guard packet.beginsCut, packet.position > start.offset else { return }
        let isDue = packet.startSample >= boundary + (packet.isClean ? 0 : Int64(sampleRate))
        guard isDue || packet.position + Int64(packet.reach) - start.offset > maximumLength else { return }
        emit(.audio, from: start.offset, to: packet.position, startSample: start.sample, endSample: packet.startSample)
        self.start = (packet.position, packet.startSample)
        boundary = isDue ? (packet.startSample / interval + 1) * interval : packet.startSample + interval
    }

    /// - Parameters:
    ///   - audioEnd: the byte after the last packet.
    ///   - length: of the whole file.
    mutating func finish(audioEnd: Int64, totalSamples: Int64, length: Int64) -> [MediaCut] {
        if let start {
            emit(.audio, from: start.offset, to: audioEnd, startSample: start.sample, endSample: totalSamples)
        }
        emit(.tail, from: audioEnd, to: length, startSample: totalSamples, endSample: totalSamples)
        return cuts
    }

    private mutating func emit(_ kind: ChunkKind, from: Int64, to end: Int64, startSample: Int64, endSample: Int64) {
        var offset = from
        var sample = startSample
        while offset < end {
            let length = min(end - offset, maximumLength)
            cuts.append(
                MediaCut(
                    kind: kind, startMs: milliseconds(sample), startSample: sample, samples: max(0, endSample - sample),
                    offset: offset, length: Int(length)))
            offset += length
            sample = max(sample, endSample)
        }
    }

    private func milliseconds(_ samples: Int64) -> Int64 { samples * 1000 / Int64(sampleRate) }
}
