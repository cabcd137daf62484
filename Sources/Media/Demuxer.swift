internal import CAV
internal import Glibc
internal import Model

/// libav's reader of one file, kept on a short lead: one demuxer, no decoder, no file or address besides the upload.
// Safe because its pointers never leave it, are freed once, and every use below is checked for nil.
@safe final class Demuxer {
    /// One packet of the audio stream. Times are in samples of the stream's rate.
    struct Packet {
        /// Where it begins in the file; in Ogg files where its page begins.
        let position: Int64
        let length: Int
        /// Nil where the container has no time stamps.
        let time: Int64?
        let samples: Int64
        let skippedAtStart: Int64
        let skippedAtEnd: Int64
        let isCorrupt: Bool
    }

    /// What the container says of the audio.
    struct Audio {
        var codec: String
        var sampleRate: Int
        var channels: Int
        var bitsPerSample: Int
        var configuration: [UInt8]
    }

    private let file: UploadedFile
    private var context: UnsafeMutablePointer<AVFormatContext>?
    private var io: UnsafeMutablePointer<AVIOContext>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    private var audioIndex: Int32 = -1
    /// The unit of a packet's times.
    var sampleRate = 1
    private var timeBase = AVRational(num: 1, den: 1)

    private(set) var audio = Audio(
        codec: "", sampleRate: 0, channels: 0, bitsPerSample: 0, configuration: [])
    /// The names and values of all tags, the file's before the stream's.
    private(set) var tags: [(name: String, value: String)] = []
    /// The first attached picture.
    private(set) var picture: [UInt8] = []

    /// Opens the file with the one demuxer of its container.
    /// - Throws: `Refusal` when it finds no audio there or a film.
    init(_ file: UploadedFile, container: Container) throws(Refusal) {
        self.file = file
        av_log_set_level(AV_LOG_QUIET)
        guard makeContext() else { throw .unsupported("A file that needs so much memory") }
        try open(container)
        try chooseStream()
        readStream()
    }

    // Safe because every pointer was made by its allocator, is freed once, and is nil afterwards.
    deinit {
        unsafe av_packet_free(&packet)
        unsafe avformat_close_input(&context)
        unsafe rondo_free_io(&io)
    }

    /// The next packet of the audio, nil after the last.
    /// - Throws: `truncated` when libav cannot go on.
    func next() throws(Refusal) -> Packet? {
        while true {
            // Safe because both were made in `init` and live as long as `self`.
            let result = unsafe av_read_frame(context, packet)
            if result == rondo_end_of_file { return nil }
            guard result >= 0 else { throw .truncated("its audio cannot be read on") }
            defer { unsafe av_packet_unref(packet) }
            // Safe because a packet that was read is valid until it is unreferenced, and only values are copied.
            if let read = unsafe packet?.pointee, unsafe read.stream_index == audioIndex {
                return unsafe values(of: read)
            }
        }
    }

    /// Gives the next packet of the audio to `decoder`, and after the last the end.
    /// - Returns: false after the last.
    /// - Throws: `truncated` when libav cannot go on.
    func feed(_ decoder: Decoder) throws(Refusal) -> Bool {
        while true {
            // Safe because both were made in `init` and live as long as `self`.
            let result = unsafe av_read_frame(context, packet)
            if result == rondo_end_of_file {
                unsafe decoder.take(nil)
                return false
            }
            guard result >= 0, let packet = unsafe packet else { throw .truncated("its audio cannot be read on") }
            defer { unsafe av_packet_unref(packet) }
            guard unsafe packet.pointee.stream_index == audioIndex else { continue }
            unsafe decoder.take(packet)
            return true
        }
    }

    /// A decoder of the audio; nil where libav has none.
    func makeDecoder() -> Decoder? {
        // Safe because the stream's parameters live as long as the context, and the decoder copies them.
        guard let stream = unsafe context?.pointee.streams?[Int(audioIndex)] else { return nil }
        return unsafe Decoder(stream.pointee.codecpar, timeBase: stream.pointee.time_base)
    }

    private func values(of read: AVPacket) -> Packet {
        let samples = AVRational(num: 1, den: Int32(sampleRate))
        let skips = skippedSamples()
        // Safe because these are plain numbers of the packet.
        return unsafe Packet(
            position: read.pos, length: Int(read.size),
            time: read.pts == rondo_no_time ? nil : av_rescale_q(read.pts, timeBase, samples),
            samples: av_rescale_q(max(0, read.duration), timeBase, samples), skippedAtStart: skips.start,
            skippedAtEnd: skips.end, isCorrupt: read.flags & AV_PKT_FLAG_CORRUPT != 0)
    }

    /// The two numbers of the current packet's AV_PKT_DATA_SKIP_SAMPLES, little-endian (libavcodec/packet.h).
    private func skippedSamples() -> (start: Int64, end: Int64) {
        var size = 0
        // Safe because libav says how long the data is, and it is read before the packet is unreferenced.
        guard let data = unsafe av_packet_get_side_data(packet, AV_PKT_DATA_SKIP_SAMPLES, &size), size >= 8 else {
            return (0, 0)
        }
        let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: 8))
        let numbers = [bytes[0..<4], bytes[4..<8]].map { $0.reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) } }
        return (numbers[0], numbers[1])
    }
}

// Safe because all pointers below come from libav, are checked for nil, and are used while `context` lives, on one
// thread.
extension Demuxer {
    private static let bufferLength = 64 << 10

    private func makeContext() -> Bool {
        unsafe packet = av_packet_alloc()
        unsafe context = avformat_alloc_context()
        guard let buffer = unsafe av_malloc(Self.bufferLength) else { return false }
        // Safe because `file` is kept by `self`, which frees the reader before it goes.
        unsafe io = avio_alloc_context(
            buffer.assumingMemoryBound(to: UInt8.self), Int32(Self.bufferLength), 0,
            Unmanaged.passUnretained(file).toOpaque(),
            { unsafe readUpload($0, $1, $2) }, nil, { unsafe seekUpload($0, $1, $2) })
        guard let made = unsafe context, unsafe packet != nil, unsafe io != nil else { return false }
        unsafe made.pointee.pb = io
        unsafe made.pointee.io_open = rondo_refuse_open
        unsafe made.pointee.flags |= AVFMT_FLAG_CUSTOM_IO
        return true
    }

    private func open(_ container: Container) throws(Refusal) {
        guard let format = unsafe av_find_input_format(container.demuxer) else {
            throw .unsupported("\(container) on this machine")
        }
        var options: OpaquePointer?
        defer { unsafe av_dict_free(&options) }
        let settings = [
            ("format_whitelist", container.demuxer == "mov" ? "mov,mp4,m4a,3gp,3g2,mj2" : container.demuxer),
            ("codec_whitelist", "none"), ("protocol_whitelist", "none"),
        ]
        for (name, value) in settings { unsafe av_dict_set(&options, name, value, 0) }
        let result = unsafe avformat_open_input(&context, nil, format, &options)
        if result == rondo_no_memory { throw .unsupported("A file that needs so much memory") }
        guard result >= 0 else { throw .truncated("its header cannot be read") }
        guard unsafe avformat_find_stream_info(context, nil) >= 0 else { throw .truncated("its audio cannot be read") }
    }

    private var streamCount: Int { unsafe Int(context?.pointee.nb_streams ?? 0) }

    private func stream(_ index: Int) -> UnsafeMutablePointer<AVStream>? { unsafe context?.pointee.streams?[index] }

    /// Takes the first audio stream and the first attached picture, and leaves out everything else.
    private func chooseStream() throws(Refusal) {
        var hasFilm = false
        for index in 0..<streamCount {
            guard let stream = unsafe stream(index), let parameters = unsafe stream.pointee.codecpar else { continue }
            let kind = unsafe parameters.pointee.codec_type
            let disposition = unsafe stream.pointee.disposition
            if disposition & AV_DISPOSITION_ATTACHED_PIC != 0 {
                let held = unsafe stream.pointee.attached_pic
                // A longer one stays in the original alone: no chunk could keep it.
                let isKept = unsafe picture.isEmpty && held.size <= Manifest.maximumChunkLength
                if isKept { picture = unsafe bytes(held.data, Int(held.size)) }
            } else if kind == AVMEDIA_TYPE_VIDEO && disposition & AV_DISPOSITION_TIMED_THUMBNAILS == 0 {
                hasFilm = true
            } else if kind == AVMEDIA_TYPE_AUDIO && audioIndex < 0 {
                audioIndex = Int32(index)
                continue
            }
            unsafe stream.pointee.discard = AVDISCARD_ALL
        }
        guard audioIndex >= 0 else {
            throw .notAudio(hasFilm ? "it is a film without sound" : "there is no audio in it")
        }
        if hasFilm { throw .unsupported("A film") }
    }

    private func readStream() {
        unsafe add(context?.pointee.metadata)
        guard let stream = unsafe stream(Int(audioIndex)) else { return }
        unsafe add(stream.pointee.metadata)
        let parameters = unsafe stream.pointee.codecpar.pointee
        unsafe timeBase = stream.pointee.time_base
        unsafe audio = Audio(
            codec: String(cString: avcodec_get_name(parameters.codec_id)), sampleRate: Int(parameters.sample_rate),
            channels: Int(parameters.ch_layout.nb_channels),
            bitsPerSample: Int(max(parameters.bits_per_raw_sample, parameters.bits_per_coded_sample)),
            configuration: bytes(parameters.extradata, Int(parameters.extradata_size)))
    }

    private func add(_ dictionary: OpaquePointer?) {
        var entry: UnsafeMutablePointer<AVDictionaryEntry>?
        while true {
            unsafe entry = av_dict_get(dictionary, "", entry, AV_DICT_IGNORE_SUFFIX)
            guard let pair = unsafe entry?.pointee else { return }
            unsafe tags.append((text(pair.key), text(pair.value)))
        }
    }

    /// UTF-8, or what older taggers wrote instead: Latin-1.
    private func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
        guard let pointer = unsafe pointer else { return "" }
        if let text = unsafe String(validatingCString: pointer) { return text }
        let bytes = unsafe UnsafeBufferPointer(start: pointer, count: strlen(pointer)).map { UInt8(bitPattern: $0) }
        return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }

    private func bytes(_ pointer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> [UInt8] {
        guard let pointer = unsafe pointer, count > 0 else { return [] }
        return unsafe Array(UnsafeBufferPointer(start: pointer, count: count))
    }
}

/// libav's reader: up to `count` bytes at the upload's cursor, or its code for the end.
private func readUpload(
    _ opaque: UnsafeMutableRawPointer?, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int32
) -> Int32 {
    guard let opaque = unsafe opaque, let buffer = unsafe buffer else { return rondo_end_of_file }
    // Safe because the demuxer that keeps the file lives while libav reads, and libav's buffer has `count` bytes.
    let file = unsafe Unmanaged<UploadedFile>.fromOpaque(opaque).takeUnretainedValue()
    let wanted = min(Int64(count), file.visibleLength - file.cursor)
    guard wanted > 0 else { return rondo_end_of_file }
    let filled = unsafe file.fill(UnsafeMutableRawBufferPointer(start: buffer, count: Int(wanted)), at: file.cursor)
    file.cursor += Int64(filled)
    return filled > 0 ? Int32(filled) : rondo_end_of_file
}

/// libav's seek: moves the upload's cursor, or tells its length.
private func seekUpload(_ opaque: UnsafeMutableRawPointer?, _ offset: Int64, _ origin: Int32) -> Int64 {
    guard let opaque = unsafe opaque else { return -1 }
    // Safe because the demuxer that keeps the file lives while libav reads.
    let file = unsafe Unmanaged<UploadedFile>.fromOpaque(opaque).takeUnretainedValue()
    if origin & AVSEEK_SIZE != 0 { return file.visibleLength }
    let base =
        switch origin & ~AVSEEK_FORCE {
        case SEEK_SET: Int64(0)
        case SEEK_CUR: file.cursor
        default: file.visibleLength
        }
    let (target, overflow) = base.addingReportingOverflow(offset)
    guard !overflow, target >= 0 else { return -1 }
    file.cursor = target
    return target
}
