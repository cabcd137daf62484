/// The packets of a song's audio chunks in order, in a compact binary form that needs no media library to read.
///
/// Layout: the version byte 1, then groups until the end. A group is four parts: how many packets it has (1 and up),
/// the duration in samples that all of them have, the number of bytes between the end of the packet before it (or the
/// start of the first audio chunk) and its first packet, and then each packet's length in bytes. All numbers are LEB128
/// varints. Within a group the packets touch. In Ogg files, whose packets lie laced in pages, lengths are those of the
/// packets alone and the gaps are 0.
package struct PacketList: Hashable, Sendable {
    /// One packet: its place relative to the end of the one before it, its length and its duration.
    package struct Packet: Hashable, Sendable {
        /// Bytes of the file between the packet before and this one.
        package var gap: Int
        package var length: Int
        package var samples: Int

        package init(gap: Int = 0, length: Int, samples: Int) {
            self.gap = gap
            self.length = length
            self.samples = samples
        }
    }

    private static let version: UInt8 = 1

    /// Appends packets one by one, so that a writer never holds them all.
    package struct Encoder: Sendable {
        private var bytes: [UInt8] = [PacketList.version]
        private var lengths: [UInt8] = []
        private var count = 0
        private var samples = 0
        private var gap = 0

        package init() {}

        package mutating func append(_ packet: Packet) {
            if count > 0 && (packet.samples != samples || packet.gap != 0) { closeGroup() }
            if count == 0 { (samples, gap) = (packet.samples, packet.gap) }
            count += 1
            PacketList.append(packet.length, to: &lengths)
        }

        /// Bytes so far.
        package var length: Int { bytes.count + lengths.count }

        package mutating func finish() -> [UInt8] {
            closeGroup()
            return bytes
        }

        private mutating func closeGroup() {
            guard count > 0 else { return }
            for number in [count, samples, gap] { PacketList.append(number, to: &bytes) }
            bytes += lengths
            lengths.removeAll(keepingCapacity: true)
            count = 0
        }
    }

    /// Where a packet list stops making sense.
    package struct Malformed: Error, Hashable, Sendable {
        /// The byte at which reading stopped.
        package let offset: Int
    }

    /// Reads a whole list.
    /// - Parameter maximum: the most packets to accept, against lists made to fill the memory.
    package static func decode(_ bytes: [UInt8], maximum: Int = 1 << 24) throws(Malformed) -> [Packet] {
        guard bytes.first == version else { throw Malformed(offset: 0) }
        var packets: [Packet] = []
        var index = 1
        while index < bytes.count {
            let count = try number(in: bytes, at: &index)
            let samples = try number(in: bytes, at: &index)
            var gap = try number(in: bytes, at: &index)
            guard count > 0, count <= maximum - packets.count, count <= bytes.count - index else {
                throw Malformed(offset: index)
            }
            for _ in 0..<count {
                let length = try number(in: bytes, at: &index)
                packets.append(Packet(gap: gap, length: length, samples: samples))
                gap = 0
            }
        }
        return packets
    }

    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        var rest = UInt64(max(0, number))
        while rest >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// At most 56 bits, so that sums of a few of them never overflow.
    private static func number(in bytes: [UInt8], at index: inout Int) throws(Malformed) -> Int {
        var value = 0
        for shift in stride(from: 0, to: 56, by: 7) {
            guard index < bytes.count else { throw Malformed(offset: index) }
            let byte = bytes[index]
            index += 1
            value |= Int(byte & 127) << shift
            if byte < 128 { return value }
        }
        throw Malformed(offset: index)
    }
}
