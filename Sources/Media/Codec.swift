/// The codec of the audio and what a decoder has to know of it.
struct Codec {
    let container: Container
    /// As the manifest calls it.
    let name: String
    let sampleRate: Int
    let channels: Int
    /// 0 where the codec does not keep samples as they were.
    let bitsPerSample: Int
    /// Empty for MP3, whose frames say it all.
    let configuration: [UInt8]

    /// The longest configuration that is kept: it goes into every manifest.
    private static let maximumConfiguration = 256 << 10

    /// - Throws: `unsupported_format` for a codec that Rondo does not take in this container (the spec, §5).
    init(_ audio: Demuxer.Audio, layout: Layout) throws(Refusal) {
        container = layout.container
        name = try Self.name(audio.codec, in: container)
        // Without a decoder libav does not know what is in the frames of a bare stream; their headers say it.
        sampleRate = layout.firstFrame?.sampleRate ?? audio.sampleRate
        channels = layout.firstFrame?.channels ?? audio.channels
        guard (1...768_000).contains(sampleRate), channels > 0 else { throw .truncated("its header is damaged") }
        configuration = try Self.configuration(audio, codec: name, layout: layout)
        guard configuration.count <= Self.maximumConfiguration else {
            throw .unsupported("Audio with so long a header")
        }
        switch name {
        case "flac": bitsPerSample = StreamInfo(configuration)?.bitsPerSample ?? 0
        case "alac", "pcm": bitsPerSample = audio.bitsPerSample
        default: bitsPerSample = 0
        }
    }

    private static func configuration(
        _ audio: Demuxer.Audio, codec: String, layout: Layout
    ) throws(Refusal) -> [UInt8] {
        switch codec {
        case "pcm": return layout.sampleFormat
        case "vorbis":
            guard let headers = withoutComments(audio.configuration) else {
                throw .truncated("its headers are damaged")
            }
            return headers
        default: return layout.firstFrame?.configuration ?? audio.configuration
        }
    }

    private static func name(_ codec: String, in container: Container) throws(Refusal) -> String {
        switch (container, codec) {
        case (.mp3, "mp3"), (.flac, "flac"), (.ogg, "vorbis"), (.ogg, "opus"), (.mp4, "aac"), (.mp4, "alac"),
            (.adts, "aac"):
            return codec
        case (.wav, "pcm_u8"), (.wav, "pcm_s16le"), (.wav, "pcm_s24le"), (.wav, "pcm_s32le"), (.wav, "pcm_f32le"),
            (.wav, "pcm_f64le"):
            return "pcm"
        case (.aiff, "pcm_u8"), (.aiff, "pcm_s8"), (.aiff, "pcm_s16be"), (.aiff, "pcm_s16le"), (.aiff, "pcm_s24be"),
            (.aiff, "pcm_s32be"), (.aiff, "pcm_f32be"), (.aiff, "pcm_f64be"):
            return "pcm"
        default: throw .unsupported("\(codec) audio in a \(container) file")
        }
    }

    /// Vorbis' three headers in Xiph lacing (the Vorbis specification, §4.2), with an empty comment header in place of
    /// the file's own: tags and cover are kept elsewhere, may be megabytes long, and no decoder looks at them.
    private static func withoutComments(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.first == 2 else { return nil }
        var index = 1
        var lengths: [Int] = []
        for _ in 0..<2 {
            var length = 0
            while index < bytes.count, bytes[index] == 255 {
                length += 255
                index += 1
            }
            guard index < bytes.count else { return nil }
            lengths.append(length + Int(bytes[index]))
            index += 1
        }
        let setup = index + lengths[0] + lengths[1]
        guard lengths[0] == 30, setup < bytes.count else { return nil }
        let comment = [3] + Array("vorbis".utf8) + [0, 0, 0, 0, 0, 0, 0, 0, 1]
        return [2, 30, UInt8(comment.count)] + bytes[index..<(index + 30)] + comment + bytes[setup...]
    }
}
