internal import Model

/// Goes over all packets once: checks them, counts their samples, cuts the file and lists them.
struct PacketScan {
    /// What a whole file comes to.
    struct Result {
        let skipSamples: Int64
        let totalSamples: Int64
        let packets: [UInt8]
        let cuts: [MediaCut]
    }

    /// The longest recording that is taken.
    private static let maximumSeconds: Int64 = 24 * 3600

    private let file: UploadedFile
    private let codec: Codec
    private let layout: Layout
    private var cutter: Cutter
    private var list = PacketList.Encoder()
    private var isListed = true
    private var first: Demuxer.Packet?
    private var last: Demuxer.Packet?
    private var count = 0
    private var faulty = 0
    /// Samples up to the last packet, with those that are not played; `decoded` counts its own too.
    private var before: Int64 = 0
    private var decoded: Int64 = 0
    private var skipped: Int64 = 0
    private var padding: Int64 = 0
    /// Where time 0 of the packets stands among all samples.
    private var base: Int64 = 0
    /// Which of an Ogg file's songs is being read.
    private var link = 0
    private var isLinkBegun = true
    private var gap = 0
    /// The container's bytes before each packet; 0 where they differ.
    private var packetHead: Int
    /// Bytes of all packets.
    private var payload: Int64 = 0

    init(_ file: UploadedFile, codec: Codec, layout: Layout) {
        self.file = file
        self.codec = codec
        self.layout = layout
        cutter = Cutter(sampleRate: codec.sampleRate)
        packetHead = layout.firstFrame?.packetHead ?? 0
    }

    private var isPaged: Bool { codec.container == .ogg }
    private var isTimed: Bool { codec.container == .ogg || codec.container == .mp4 }
    private var end: Int64 { last.map { $0.position + Int64($0.length) } ?? 0 }

    /// - Throws: when the file turns out to be cut off, damaged, or too long.
    mutating func add(_ packet: Demuxer.Packet) throws(Refusal) {
        guard try isSound(packet) else {
            faulty += 1
            return
        }
        guard packet.position >= last?.position ?? 0 else { throw .unsupported("Audio that lies out of order") }
        if first == nil {
            first = packet
            skipped = packet.skippedAtStart > 0 ? packet.skippedAtStart : max(0, -(packet.time ?? 0))
            base = 0 &- (packet.time ?? 0)
        }
        enterLink(of: packet)
        // In Ogg libav's durations are wrong where Vorbis' block size changes, in fragmented MP4 they are missing;
        // times are right.
        if isTimed, let time = packet.time { decoded = max(before, base &+ time) }
        let step = decoded - before
        cut(at: packet)
        listLast(upTo: decoded)
        gap = isPaged || last == nil ? 0 : Int(max(0, packet.position - end))
        before = decoded
        // A bare stream's packets have no times of their own; every frame of a stream has as many samples as the first.
        decoded += layout.firstFrame.map { Int64($0.samples) } ?? (packet.samples > 0 ? packet.samples : step)
        padding = packet.skippedAtEnd
        payload += Int64(packet.length)
        count += 1
        last = packet
        guard decoded <= Self.maximumSeconds * Int64(codec.sampleRate) else { throw .tooLong }
    }

    /// In an Ogg file of several songs each one's times begin anew; its samples follow those of the one before.
    private mutating func enterLink(of packet: Demuxer.Packet) {
        guard let links = layout.ogg?.links else { return }
        while link + 1 < links.count, packet.position >= links[link + 1].start {
            base = max(before, base &+ links[link].endSample)
            decoded = base
            link += 1
            isLinkBegun = false
        }
        guard !isLinkBegun, let time = packet.time else { return }
        // Samples before time 0 are not heard, and one that was cut out of a stream begins later.
        base = base &- max(0, time)
        isLinkBegun = true
    }

    private mutating func cut(at packet: Demuxer.Packet) {
        let isNewPage = packet.position > last?.position ?? -1
        cutter.add(
            Cutter.Packet(
                position: packet.position, length: packet.length, startSample: max(0, decoded - skipped),
                beginsCut: isPaged ? isNewPage : packet.position >= end,
                isClean: !isPaged || !isNewPage || beginsPage(packet),
                reach: isPaged ? OggLayout.maximumPageLength : packet.length))
    }

    /// Lists the packet before, whose duration is known now that the next one's start is.
    private mutating func listLast(upTo end: Int64) {
        guard isListed, let last else { return }
        list.append(PacketList.Packet(gap: gap, length: last.length, samples: Int(max(0, end - before))))
        isListed = list.length < Manifest.maximumChunkLength - 64
    }

    private func beginsPage(_ packet: Demuxer.Packet) -> Bool {
        OggPage(file, at: packet.position).map { !$0.isContinued } ?? false
    }

    /// Whether a packet is what its container says; a frame of MP3 or ADTS is looked at, since their parsers take much
    /// for one.
    private mutating func isSound(_ packet: Demuxer.Packet) throws(Refusal) -> Bool {
        guard packet.position >= 0, packet.length > 0 else { return false }
        let missing = packet.position + Int64(packet.length) > file.length
        // In a wave file without a length libav takes the end for an accident; `WaveLayout` has looked at those with
        // one, as has `AiffLayout`.
        let isBroken = packet.isCorrupt && codec.container != .wav && codec.container != .aiff
        guard !missing && !isBroken else { throw .truncated("it ends within its audio") }
        guard let expected = layout.firstFrame else { return true }
        guard let frame = file.frame(at: packet.position), frame.continues(expected) else { return false }
        let isCutOff = packet.position + Int64(frame.length) > file.length
        if isCutOff { throw .truncated("it ends within its last frame") }
        if frame.packetHead != packetHead { packetHead = 0 }
        return frame.length == packet.length
    }

    /// - Throws: `not_audio` without packets, `truncated` when the file promised more of them.
    mutating func finish() throws(Refusal) -> Result {
        guard let first, let last, faulty <= count / 8 + 1 else { throw .notAudio("there is no audio in it") }
        try checkPromises(first: first, last: last)
        if let ogg = layout.ogg { (decoded, padding) = (max(before, base &+ ogg.links[link].endSample), 0) }
        listLast(upTo: decoded)
        let total = decoded - skipped - padding
        guard total > 0, decoded <= Self.maximumSeconds * Int64(codec.sampleRate) else {
            throw .notAudio("there is no audio in it")
        }
        let cuts = cutter.finish(audioEnd: layout.ogg?.end ?? end, totalSamples: total, length: file.length)
        let pages = layout.ogg?.pages(from: first.position, length: payload) ?? []
        return Result(
            skipSamples: skipped, totalSamples: total,
            packets: isListed ? list.finish(packetHead: packetHead, pages: pages) : [], cuts: cuts)
    }

    private func checkPromises(first: Demuxer.Packet, last: Demuxer.Packet) throws(Refusal) {
        switch codec.container {
        case .flac:
            let promised = StreamInfo(codec.configuration)?.totalSamples ?? 0
            guard decoded >= promised else {
                throw .truncated("it promises \(promised) samples and \(decoded) are there")
            }
            let frame = file.read(at: last.position, count: last.length)
            guard StreamInfo.isWholeFrame(frame) else { throw .truncated("it ends within its last frame") }
        case .mp3:
            let promised = file.promisedFrames(before: first.position) ?? 0
            guard count + faulty >= promised else {
                throw .truncated("it promises \(promised) frames and \(count) are there")
            }
        default: break
        }
    }
}

extension UploadedFile {
    /// The number of frames that a Xing or Info frame right before the first packet gives (LAME tag, revision 1).
    func promisedFrames(before position: Int64) -> Int? {
        let start = max(0, position - 2881)
        let window = read(at: start, count: Int(position - start))
        for index in window.indices where window[index] == 0xFF {
            guard let frame = FrameHeader(window[index...]), index + frame.length == window.count else { continue }
            for offset in [36, 21, 13] where index + offset + 12 <= window.count {
                let tag = window[(index + offset)...]
                guard tag.starts(with: "Xing".utf8) || tag.starts(with: "Info".utf8), tag[tag.startIndex + 7] & 1 != 0
                else { continue }
                return tag.dropFirst(8).prefix(4).reduce(0) { $0 << 8 | Int($1) }
            }
        }
        return nil
    }
}
