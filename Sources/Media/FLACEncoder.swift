internal import CAV

/// Encodes samples as FLAC frames (RFC 9639). The same samples give the same bytes.
// Safe because its pointers never leave it, are freed once, and are checked for nil.
@safe final class FLACEncoder {
    private var context: UnsafeMutablePointer<AVCodecContext>?
    private var frame: UnsafeMutablePointer<AVFrame>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    private let bits: Int
    private let channels: Int
    /// Samples that are no whole frame yet.
    private var waiting: [Int32] = []
    private var time: Int64 = 0
    /// Gets what is encoded; false ends it all.
    private let write: ([UInt8]) -> Bool

    /// Writes the file's header too: a STREAMINFO that leaves open how long the stream is.
    // Safe because every pointer is checked, and the header's length is libav's own.
    init?(bits: Int, channels: Int, sampleRate: Int, write: @escaping ([UInt8]) -> Bool) {
        self.bits = bits
        self.channels = channels
        self.write = write
        guard (1...8).contains(channels), let codec = unsafe avcodec_find_encoder(AV_CODEC_ID_FLAC) else { return nil }
        unsafe context = avcodec_alloc_context3(codec)
        unsafe frame = av_frame_alloc()
        unsafe packet = av_packet_alloc()
        guard let made = unsafe context, unsafe frame != nil, unsafe packet != nil else { return nil }
        unsafe made.pointee.sample_fmt = bits == 16 ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_S32
        unsafe made.pointee.bits_per_raw_sample = Int32(bits)
        unsafe made.pointee.sample_rate = Int32(clamping: sampleRate)
        unsafe made.pointee.time_base = AVRational(num: 1, den: Int32(clamping: sampleRate))
        unsafe made.pointee.thread_count = 1
        unsafe made.pointee.flags |= AV_CODEC_FLAG_BITEXACT
        unsafe av_channel_layout_default(&made.pointee.ch_layout, Int32(channels))
        guard unsafe avcodec_open2(made, codec, nil) >= 0, unsafe made.pointee.extradata_size == 34,
            let header = unsafe made.pointee.extradata
        else { return nil }
        let streamInfo = unsafe Array(UnsafeBufferPointer(start: header, count: 34))
        guard write(Array("fLaC".utf8) + [0x80, 0, 0, 34] + streamInfo) else { return nil }
    }

    // Safe because all were made by their allocators, are freed once, and are nil afterwards.
    deinit {
        unsafe av_packet_free(&packet)
        unsafe av_frame_free(&frame)
        unsafe avcodec_free_context(&context)
    }

    /// - Returns: false when it cannot go on.
    func add(_ samples: [Int32]) -> Bool {
        waiting += samples
        let length = unsafe Int(context?.pointee.frame_size ?? 0) * channels
        guard length > 0 else { return false }
        var start = 0
        while waiting.count - start >= length {
            guard encode(waiting[start..<start + length]) else { return false }
            start += length
        }
        waiting.removeFirst(start)
        return true
    }

    /// Encodes what is left.
    func finish() -> Bool {
        guard waiting.isEmpty || encode(waiting[...]) else { return false }
        waiting = []
        return unsafe avcodec_send_frame(context, nil) >= 0 && drain()
    }

    // Safe because the frame's buffer is made for as many samples as are written.
    private func encode(_ samples: ArraySlice<Int32>) -> Bool {
        guard let context = unsafe context, let frame = unsafe frame else { return false }
        unsafe av_frame_unref(frame)
        unsafe frame.pointee.nb_samples = Int32(samples.count / channels)
        unsafe frame.pointee.format = context.pointee.sample_fmt.rawValue
        unsafe frame.pointee.sample_rate = context.pointee.sample_rate
        unsafe frame.pointee.pts = time
        guard unsafe av_channel_layout_copy(&frame.pointee.ch_layout, &context.pointee.ch_layout) >= 0,
            unsafe av_frame_get_buffer(frame, 0) >= 0, let plane = unsafe frame.pointee.data.0
        else { return false }
        let numbers = UnsafeMutableRawPointer(plane)
        for (index, sample) in samples.enumerated() {
            if bits == 16 {
                unsafe numbers.storeBytes(of: Int16(clamping: sample), toByteOffset: 2 * index, as: Int16.self)
            } else {
                unsafe numbers.storeBytes(of: sample << 8, toByteOffset: 4 * index, as: Int32.self)
            }
        }
        time += Int64(samples.count / channels)
        return unsafe avcodec_send_frame(context, frame) >= 0 && drain()
    }

    // Safe because a packet that was received is valid until it is unreferenced, and its bytes are copied.
    private func drain() -> Bool {
        while true {
            let result = unsafe avcodec_receive_packet(context, packet)
            if result == rondo_again || result == rondo_end_of_file { return true }
            guard result >= 0, let read = unsafe packet?.pointee else { return false }
            // The last one is empty: it only says what STREAMINFO would be now.
            let bytes = unsafe Array(UnsafeBufferPointer(start: read.data, count: Int(read.size)))
            unsafe av_packet_unref(packet)
            guard bytes.isEmpty || write(bytes) else { return false }
        }
    }
}
