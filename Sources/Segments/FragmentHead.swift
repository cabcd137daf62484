/// What stands before a segment's packets: a `moof` box and the head of the `mdat` box (ISO 14496-12 §8.8).
enum FragmentHead {
    /// - Parameters:
    ///   - number: of the fragment in the song, from 1.
    ///   - time: of the first packet, in samples.
    ///   - packets: of each its length in bytes and its duration in samples.
    static func bytes(number: Int, time: Int64, packets: [(length: UInt32, samples: UInt32)]) -> [UInt8] {
        let samples = packets.first?.samples ?? 0
        let isUniform = packets.allSatisfy { $0.samples == samples }
        var dataOffset = 0
        var boxes = Boxes()
        boxes.box("moof") { boxes in
            boxes.box("mfhd", version: 0) { $0.number(UInt32(clamping: number)) }
            boxes.box("traf") { boxes in
                // Offsets count from here; where all packets last equally long, this is said once.
                boxes.box("tfhd", version: 0, flags: isUniform ? 0x02_0008 : 0x02_0000) { boxes in
                    boxes.number(UInt32(1))
                    if isUniform { boxes.number(samples) }
                }
                boxes.box("tfdt", version: 1) { $0.number(time) }
                // Data offset, lengths, and durations where they differ.
                boxes.box("trun", version: 0, flags: isUniform ? 0x201 : 0x301) { boxes in
                    boxes.number(UInt32(packets.count))
                    dataOffset = boxes.count
                    boxes.number(UInt32(0))
                    for packet in packets {
                        if !isUniform { boxes.number(packet.samples) }
                        boxes.number(packet.length)
                    }
                }
            }
        }
        boxes.replace(at: dataOffset, UInt32(boxes.count + 8))
        boxes.number(packets.reduce(UInt32(8)) { $0 + $1.length })
        boxes.text("mdat")
        return boxes.bytes
    }
}
