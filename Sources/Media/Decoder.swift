internal import CAV

/// Decodes packets to whole numbers: 16 or 24 bits a sample, all channels of an instant after each other.
// Safe because its pointers never leave it, are freed once, and are checked for nil.
@safe final class Decoder {
    private var context: UnsafeMutablePointer<AVCodecContext>?
    private var frame: UnsafeMutablePointer<AVFrame>?
    /// 16 where the codec has no more to give, else 24.
    let bits: Int
    let channels: Int
    let sampleRate: Int

    // Safe because every pointer is checked, and parameters are copied.
    init?(_ parameters: UnsafeMutablePointer<AVCodecParameters>?, timeBase: AVRational) {
        guard let parameters = unsafe parameters,
            let codec = unsafe avcodec_find_decoder(parameters.pointee.codec_id)
        else { return nil }
        unsafe context = avcodec_alloc_context3(codec)
        unsafe frame = av_frame_alloc()
        guard let made = unsafe context, unsafe frame != nil else { return nil }
        guard unsafe avcodec_parameters_to_context(made, parameters) >= 0 else { return nil }
        unsafe made.pointee.pkt_timebase = timeBase
        unsafe made.pointee.thread_count = 1
        unsafe made.pointee.flags |= AV_CODEC_FLAG_BITEXACT
        guard unsafe avcodec_open2(made, codec, nil) >= 0 else { return nil }
        let format = unsafe made.pointee.sample_fmt
        let isNarrow = [AV_SAMPLE_FMT_U8, AV_SAMPLE_FMT_U8P, AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S16P].contains(format)
        // What Vorbis gives as fractions has not more than 16 bits' worth in it.
        bits = unsafe isNarrow || parameters.pointee.codec_id == AV_CODEC_ID_VORBIS ? 16 : 24
        unsafe channels = Int(made.pointee.ch_layout.nb_channels)
        unsafe sampleRate = Int(made.pointee.sample_rate)
    }

    // Safe because both were made by their allocators, are freed once, and are nil afterwards.
    deinit {
        unsafe av_frame_free(&frame)
        unsafe avcodec_free_context(&context)
    }

    /// Takes a packet, or nil for the end. What cannot be decoded is left out, as players do.
    // Safe because libav makes its own reference to the packet's bytes.
    func take(_ packet: UnsafeMutablePointer<AVPacket>?) { _ = unsafe avcodec_send_packet(context, packet) }

    /// The samples of one more frame; nil when another packet is needed.
    // Safe because a frame that was received is valid until the next one is.
    func samples() -> [Int32]? {
        while true {
            let result = unsafe avcodec_receive_frame(context, frame)
            if result == rondo_again || result == rondo_end_of_file { return nil }
            guard result >= 0, let read = unsafe frame?.pointee else { continue }
            // One that changes in the middle cannot be one song.
            guard unsafe Int(read.ch_layout.nb_channels) == channels, unsafe read.nb_samples > 0 else { continue }
            return unsafe numbers(of: read)
        }
    }

    // Safe because libav says how many samples of which form each plane has.
    private func numbers(of read: AVFrame) -> [Int32] {
        let scale: Double = bits == 16 ? 32_768 : 8_388_608
        let highest = Int32(scale) - 1
        let whole = { (value: Double) in
            Int32(max(-scale, min(Double(highest), (value * scale).rounded(.toNearestOrEven))))
        }
        switch unsafe AVSampleFormat(rawValue: read.format) {
        case AV_SAMPLE_FMT_U8, AV_SAMPLE_FMT_U8P:
            return unsafe collect(read, UInt8.self) { (Int32($0) - 128) << 8 }
        case AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S16P: return unsafe collect(read, Int16.self) { Int32($0) }
        case AV_SAMPLE_FMT_S32, AV_SAMPLE_FMT_S32P: return unsafe collect(read, Int32.self) { $0 >> 8 }
        case AV_SAMPLE_FMT_FLT, AV_SAMPLE_FMT_FLTP:
            return unsafe collect(read, Float.self) { $0.isFinite ? whole(Double($0)) : 0 }
        case AV_SAMPLE_FMT_DBL, AV_SAMPLE_FMT_DBLP:
            return unsafe collect(read, Double.self) { $0.isFinite ? whole($0) : 0 }
        default: return []
        }
    }

    // Safe because each plane has `nb_samples` numbers of every channel that lies in it.
    private func collect<Number: BitwiseCopyable>(
        _ read: AVFrame, _ type: Number.Type, _ convert: (Number) -> Int32
    ) -> [Int32] {
        let count = unsafe Int(read.nb_samples)
        let isPlanar = unsafe av_sample_fmt_is_planar(AVSampleFormat(rawValue: read.format)) != 0
        var samples = [Int32](repeating: 0, count: count * channels)
        for channel in 0..<channels {
            guard let plane = unsafe read.extended_data[isPlanar ? channel : 0] else { return [] }
            let numbers = unsafe UnsafeRawPointer(plane).assumingMemoryBound(to: Number.self)
            let (first, step) = isPlanar ? (0, 1) : (channel, channels)
            for index in 0..<count {
                samples[index * channels + channel] = unsafe convert(numbers[first + index * step])
            }
        }
        return samples
    }
}
