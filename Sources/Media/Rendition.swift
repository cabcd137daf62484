internal import CAV

/// A song once more as FLAC, for players that cannot have the original in segments: WAV, ALAC, Vorbis.
///
/// No browser decodes those in a Media Source, and FLAC loses nothing that a decoder gives. The same original is to
/// give the same bytes on every machine: neither the decoder nor the encoder uses what only some processors have.
package enum Rendition {
    /// Hands a FLAC file to `write`, piece by piece; what that returns says whether to go on.
    /// - Throws: why there is none.
    package static func write(_ file: UploadedFile, to write: @escaping ([UInt8]) -> Bool) throws(Refusal) {
        av_force_cpu_flags(0)
        let layout = try Layout(file)
        let demuxer = try Demuxer(file, container: layout.container)
        guard let decoder = demuxer.makeDecoder() else { throw .unsupported("Audio that nothing here decodes") }
        let encoder = FLACEncoder(
            bits: decoder.bits, channels: decoder.channels, sampleRate: decoder.sampleRate, write: write)
        guard let encoder else { throw .unsupported("Audio of \(decoder.channels) channels") }
        let stopped = Refusal.unsupported("Audio that FLAC has no room for")
        var goesOn = true
        while goesOn {
            goesOn = try demuxer.feed(decoder)
            while let samples = decoder.samples() {
                guard encoder.add(samples) else { throw stopped }
            }
        }
        guard encoder.finish() else { throw stopped }
    }
}
