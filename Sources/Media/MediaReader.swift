internal import FoundationEssentials
package import Model

/// A song as `rondo-media` hands it over.
package struct ReadSong: Sendable {
    package let description: MediaDescription
    /// Empty without one.
    package let cover: [UInt8]
    /// A `PacketList`, empty when it would be longer than a chunk may be.
    package let packets: [UInt8]
}

/// Reads an upload: its tags, its cover, its packets, and where it is to be cut.
package enum MediaReader {
    /// - Throws: why the file is not taken.
    package static func read(_ file: UploadedFile) throws(Refusal) -> ReadSong {
        let layout = try Layout(file)
        let demuxer = try Demuxer(file, container: layout.container)
        let codec = try Codec(demuxer.audio, layout: layout)
        demuxer.sampleRate = codec.sampleRate
        var scan = PacketScan(file, codec: codec, layout: layout)
        while let packet = try demuxer.next() { try scan.add(packet) }
        return try song(file, demuxer, codec, scan.finish())
    }

    private static func song(
        _ file: UploadedFile, _ demuxer: Demuxer, _ codec: Codec, _ found: PacketScan.Result
    ) throws(Refusal) -> ReadSong {
        var tags = TagReader()
        for tag in demuxer.tags { tags.add(tag.name, tag.value) }
        let coverType = Cover.contentType(of: demuxer.picture)
        let cover = coverType == nil ? [] : demuxer.picture
        let description = MediaDescription(
            bytes: file.length, container: codec.container.rawValue, codec: codec.name,
            contentType: codec.container.contentType, sampleRate: codec.sampleRate, channels: codec.channels,
            bitsPerSample: codec.bitsPerSample, skipSamples: found.skipSamples,
            totalSamples: found.totalSamples, durationMs: found.totalSamples * 1000 / Int64(codec.sampleRate),
            codecConfig: Data(codec.configuration).base64EncodedString(), tags: tags.tags,
            coverContentType: coverType, coverLength: cover.count, packetsLength: found.packets.count, cuts: found.cuts)
        return ReadSong(description: description, cover: cover, packets: found.packets)
    }
}

/// What the container's own structure says before libav sees the file.
struct Layout {
    let container: Container
    /// In WAV files the `fmt ` chunk, in AIFF files the `COMM` chunk.
    private(set) var sampleFormat: [UInt8] = []
    private(set) var ogg: OggLayout?
    /// In MP3 and ADTS files the header of the first frame.
    let firstFrame: FrameHeader?

    /// - Throws: whatever can be told without reading packets.
    init(_ file: UploadedFile) throws(Refusal) {
        (container, firstFrame) = try Container.detect(file)
        switch container {
        case .wav: sampleFormat = try WaveLayout(file).format
        case .aiff: sampleFormat = try AiffLayout(file).format
        case .mp4: try BoxLayout.check(file)
        case .ogg: ogg = try OggLayout(file)
        case .flac, .adts:
            // Their parsers would take an ID3v1 tag for the end of the last frame.
            if file.text(at: file.length - 128, count: 3) == "TAG" { file.visibleLength = file.length - 128 }
        case .mp3: break
        }
    }
}
