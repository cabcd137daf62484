package import Model

/// A song as segments of a fragmented MP4 file: of each audio chunk a head is computed, and the chunk's packets follow
/// as they are.
///
/// Everything follows from the manifest and the packet list, so that every Router gives the same bytes. What is kept is
/// small: where in the list each segment begins.
package struct SongSegments: Sendable {
    /// To be raised whenever the same song would get other bytes: it is a part of their tags.
    package static let version = 1

    /// What a segment is before it is asked for.
    struct Place: Hashable, Sendable {
        /// Stands before the segment's first packet.
        var walk: PacketWalk
        /// What is heard of it.
        var startSample: Int64
        var endSample: Int64
        var packets = 0
    }

    /// One segment: a head, and what follows it.
    package struct Segment: Hashable, Sendable {
        package let head: [UInt8]
        /// The bytes of the original that follow the head, in order; they touch where the container has nothing to say
        /// between packets.
        package let pieces: [Range<Int64>]

        /// In bytes.
        package var length: Int64 { pieces.reduce(Int64(head.count)) { $0 + Int64($1.count) } }
    }

    package let manifest: Manifest
    /// The media type of all segments.
    package let contentType: String
    /// What `init.mp4` holds.
    package let initSegment: [UInt8]
    private let list: PacketList
    private let audioEnd: Int64
    let places: [Place]

    /// - Parameter packets: the chunk that the manifest names as its packet list.
    /// - Throws: why there are no segments.
    package init(_ manifest: Manifest, packets: [UInt8]) throws(Unsegmentable) {
        guard (1...768_000).contains(manifest.sampleRate), let entry = SampleEntry(manifest) else { throw .codec }
        let list: PacketList
        do { list = try PacketList(packets) } catch { throw .damagedList }
        if manifest.container == "adts" && list.packetHead == 0 { throw .noList }
        if manifest.container == "ogg" && list.pages.isEmpty { throw .noList }
        let audio = manifest.chunks.filter { $0.kind == .audio }
        guard let first = audio.first, let last = audio.last, audio.allSatisfy(\.isPlausible) else {
            throw .damagedList
        }
        self.manifest = manifest
        self.list = list
        contentType = "audio/mp4; codecs=\"\(entry.codecs)\""
        initSegment = InitSegment.bytes(manifest, entry)
        audioEnd = last.offset + Int64(last.length)
        places = try Self.places(audio, list, from: first.offset, to: audioEnd)
    }

    /// Whether the song's codec is one that browsers decode in segments, and its configuration is whole.
    package static func takes(_ manifest: Manifest) -> Bool { SampleEntry(manifest) != nil }

    package var count: Int { places.count }
    /// What is kept for it, in bytes, roughly.
    package var weight: Int { list.length + 200 * places.count + initSegment.count }

    private static func places(
        _ audio: [ManifestChunk], _ list: PacketList, from start: Int64, to end: Int64
    ) throws(Unsegmentable) -> [Place] {
        var places: [Place] = []
        var walk = PacketWalk(list, from: start)
        var chunk = -1
        var bytes: Int64 = 0
        while true {
            let before = walk
            guard let packet = try walk.next(of: list, before: end) else { break }
            var isNew = false
            // A chunk in which no packet begins, as of a giant one that was cut bluntly, is a part of the one before.
            while chunk + 1 < audio.count, packet.start >= audio[chunk + 1].offset {
                chunk += 1
                isNew = true
            }
            if isNew {
                let sample = audio[chunk].startSample
                places.append(Place(walk: before, startSample: sample, endSample: sample))
                bytes = 0
            }
            guard !places.isEmpty else { throw .damagedList }
            bytes += Int64(packet.length)
            guard bytes < Int64(UInt32.max) - 8 else { throw .damagedList }
            places[places.count - 1].packets += 1
            places[places.count - 1].endSample = audio[chunk].startSample + audio[chunk].samples
        }
        if places.isEmpty { throw .damagedList }
        return places
    }

    /// - Parameter index: 0 and up, below `count`.
    package subscript(index: Int) -> Segment {
        get throws(Unsegmentable) {
            let place = places[index]
            var walk = place.walk
            let time = walk.time
            var packets: [(length: UInt32, samples: UInt32)] = []
            packets.reserveCapacity(place.packets)
            var pieces: [Range<Int64>] = []
            for _ in 0..<place.packets {
                let packet = try walk.next(of: list, before: audioEnd) { piece in
                    if let last = pieces.last, last.upperBound == piece.lowerBound {
                        pieces[pieces.count - 1] = last.lowerBound..<piece.upperBound
                    } else {
                        pieces.append(piece)
                    }
                }
                guard let packet else { throw .damagedList }
                packets.append((UInt32(packet.length), UInt32(packet.samples)))
            }
            return Segment(head: FragmentHead.bytes(number: index + 1, time: time, packets: packets), pieces: pieces)
        }
    }
}

extension ManifestChunk {
    /// Whether sums of a few of its numbers stay numbers, whatever a parser was made to say.
    fileprivate var isPlausible: Bool {
        let samples: Range<Int64> = 0..<1 << 40
        return samples.contains(startSample) && samples.contains(self.samples) && (0..<1 << 60).contains(offset)
    }
}
