internal import CAV
internal import CEBUR128
package import Model

/// How loud a song is as a whole, by which players set their volume so that all songs are alike.
package enum SongLoudness {
    /// - Returns: nil for silence.
    /// - Throws: why it cannot be told.
    package static func measure(_ file: UploadedFile) throws(Refusal) -> Loudness? {
        let layout = try Layout(file)
        let demuxer = try Demuxer(file, container: layout.container)
        guard let decoder = demuxer.makeDecoder() else { throw .unsupported("Audio that nothing here decodes") }
        guard let meter = LoudnessMeter(channels: decoder.channels, sampleRate: decoder.sampleRate) else {
            throw .unsupported("Audio of \(decoder.channels) channels at \(decoder.sampleRate) Hz")
        }
        let scale = decoder.bits == 16 ? 1 / 32_768.0 : 1 / 8_388_608.0
        var goesOn = true
        while goesOn {
            goesOn = try demuxer.feed(decoder)
            while let samples = decoder.samples() { meter.add(samples.map { Double($0) * scale }) }
        }
        return meter.loudness
    }
}

/// Integrated loudness (EBU R 128, ITU-R BS.1770-4), by libebur128.
// Safe because its pointer never leaves it and is freed once.
@safe private final class LoudnessMeter {
    private var state: UnsafeMutablePointer<ebur128_state>?
    private let channels: Int

    init?(channels: Int, sampleRate: Int) {
        guard channels > 0, sampleRate > 0 else { return nil }
        self.channels = channels
        // A histogram instead of every block's energy: what a song of a day takes is bounded.
        let mode = Int32(EBUR128_MODE_I.rawValue | EBUR128_MODE_HISTOGRAM.rawValue)
        unsafe state = ebur128_init(UInt32(channels), UInt(sampleRate), mode)
        guard unsafe state != nil else { return nil }
    }

    deinit { unsafe ebur128_destroy(&state) }

    /// - Parameter samples: from -1 to 1, all channels of an instant after each other.
    func add(_ samples: [Double]) {
        // Safe because the array has that many frames, and the library copies them.
        _ = unsafe ebur128_add_frames_double(state, samples, samples.count / channels)
    }

    var loudness: Loudness? {
        var value = 0.0
        // Safe because the number outlives the call.
        guard unsafe ebur128_loudness_global(state, &value) == 0, value.isFinite else { return nil }
        return Loudness(lufs: value)
    }
}
