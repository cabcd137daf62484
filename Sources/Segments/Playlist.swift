internal import Model

extension SongSegments {
    /// The song's playlist (RFC 8216 §4.3), whose addresses are relative to its own.
    ///
    /// Durations are what is heard of each segment. They are rounded to microseconds so that their sum is the song's
    /// duration: each is the difference of two rounded times.
    package var playlist: [UInt8] {
        let longest = places.map { microseconds($0.endSample) - microseconds($0.startSample) }.max() ?? 0
        var lines = [
            "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:\(max(1, (longest + 999_999) / 1_000_000))",
            "#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS",
            "#EXT-X-MAP:URI=\"init.mp4\"",
        ]
        for (index, place) in places.enumerated() {
            lines.append("#EXTINF:\(seconds(from: place.startSample, to: place.endSample)),")
            lines.append("seg/\(index).m4s")
        }
        lines += ["#EXT-X-ENDLIST", ""]
        return Array(lines.joined(separator: "\n").utf8)
    }

    private func seconds(from start: Int64, to end: Int64) -> String {
        let length = max(0, microseconds(end) - microseconds(start))
        let fraction = String(length % 1_000_000)
        return "\(length / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }

    /// Rounded to the nearest. A song has at most 24 hours, which leaves room.
    private func microseconds(_ samples: Int64) -> Int64 {
        let rate = Int64(manifest.sampleRate)
        return (samples / rate) * 1_000_000 + (samples % rate * 1_000_000 + rate / 2) / rate
    }
}
