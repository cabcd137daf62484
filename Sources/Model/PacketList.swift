/// The packets of a song's audio chunks in order, in a compact binary form that needs no media library to read.
///
/// Layout: a version byte, then groups until the end. A group is four parts: how many packets it has (1 and up),
/// the duration in samples that all of them have, the number of bytes between the end of the packet before it (or the
/// start of the first audio chunk) and its first packet, and then each packet's length in bytes. All numbers are LEB128
/// varints. Within a group the packets touch.
///
/// Where packets alone do not say which bytes of the original are theirs, the version is 2 and not 1, and before the
/// groups stand: the number of bytes at the start of every packet that no decoder wants (the header of ADTS), the
/// number of pages, and for each page the number of bytes between the page before it (or the start of the first audio
/// chunk) and its content, and its content's length. Packets then lie laced in the pages, as in Ogg files: lengths are
/// those of the packets alone, gaps are 0, and all pages together are as long as all packets.
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

    /// A run of packets' bytes between two headers of the container.
    package struct Page: Hashable, Sendable {
        /// Bytes of the file between the content of the page before and this one's.
        package var gap: Int
        package var length: Int

        package init(gap: Int, length: Int) {
            self.gap = gap
            self.length = length
        }
    }

    /// Where a packet list stops making sense.
    package struct Malformed: Error, Hashable, Sendable {
        /// The byte at which reading stopped.
        package let offset: Int
    }

    /// Bytes at the start of every packet that are the container's.
    package let packetHead: Int
    /// Empty where packets say themselves where they are.
    package let pages: [Page]

    private let bytes: [UInt8]
    private let firstGroup: Int

    /// Reads what stands before the packets.
    package init(_ bytes: [UInt8]) throws(Malformed) {
        guard let version = bytes.first, version == 1 || version == 2 else { throw Malformed(offset: 0) }
        var numbers = PacketNumbers(bytes)
        var head = 0
        var pages: [Page] = []
        if version == 2 {
            head = try numbers.next()
            let count = try numbers.next()
            guard count <= numbers.left / 2 else { throw Malformed(offset: numbers.index) }
            pages.reserveCapacity(count)
            for _ in 0..<count { pages.append(Page(gap: try numbers.next(), length: try numbers.next())) }
        }
        self.bytes = bytes
        self.pages = pages
        packetHead = head
        firstGroup = numbers.index
    }

    /// The encoded list's bytes.
    package var length: Int { bytes.count }

    package func makeReader() -> Reader { Reader(PacketNumbers(bytes, from: firstGroup)) }

    /// Reads a whole list.
    /// - Parameter maximum: the most packets to accept, against lists made to fill the memory.
    package static func decode(_ bytes: [UInt8], maximum: Int = 1 << 24) throws(Malformed) -> [Packet] {
        var reader = try PacketList(bytes).makeReader()
        var packets: [Packet] = []
        while let packet = try reader.next() {
            guard packets.count < maximum else { throw Malformed(offset: reader.offset) }
            packets.append(packet)
        }
        return packets
    }
}

extension PacketList {
    /// Appends packets one by one, so that a writer never holds them all.
    package struct Encoder: Sendable {
        private var groups: [UInt8] = []
        private var lengths: [UInt8] = []
        private var count = 0
        private var samples = 0
        private var gap = 0

        package init() {}

        package mutating func append(_ packet: Packet) {
            if count > 0 && (packet.samples != samples || packet.gap != 0) { closeGroup() }
            if count == 0 { (samples, gap) = (packet.samples, packet.gap) }
            count += 1
            PacketNumbers.append(packet.length, to: &lengths)
        }

        /// Bytes so far, without the pages.
        package var length: Int { 1 + groups.count + lengths.count }

        /// - Parameters:
        ///   - packetHead: bytes at the start of every packet that are the container's.
        ///   - pages: in which the packets lie laced.
        package mutating func finish(packetHead: Int = 0, pages: [Page] = []) -> [UInt8] {
            closeGroup()
            if packetHead == 0 && pages.isEmpty { return [1] + groups }
            var bytes: [UInt8] = [2]
            PacketNumbers.append(packetHead, to: &bytes)
            PacketNumbers.append(pages.count, to: &bytes)
            for page in pages {
                PacketNumbers.append(page.gap, to: &bytes)
                PacketNumbers.append(page.length, to: &bytes)
            }
            return bytes + groups
        }

        private mutating func closeGroup() {
            guard count > 0 else { return }
            for number in [count, samples, gap] { PacketNumbers.append(number, to: &groups) }
            groups += lengths
            lengths.removeAll(keepingCapacity: true)
            count = 0
        }
    }

    /// Gives the packets one after the other. A copy goes on from where it was made.
    package struct Reader: Hashable, Sendable {
        private var numbers: PacketNumbers
        private var left = 0
        private var samples = 0
        private var gap = 0

        fileprivate init(_ numbers: PacketNumbers) { self.numbers = numbers }

        /// The byte at which it reads on.
        package var offset: Int { numbers.index }

        /// The next packet, nil after the last.
        package mutating func next() throws(Malformed) -> Packet? {
            if left == 0 {
                if numbers.left == 0 { return nil }
                left = try numbers.next()
                samples = try numbers.next()
                gap = try numbers.next()
                guard left > 0, left <= numbers.left else { throw Malformed(offset: numbers.index) }
            }
            left -= 1
            defer { gap = 0 }
            return Packet(gap: gap, length: try numbers.next(), samples: samples)
        }
    }
}

/// LEB128 varints, one after the other.
private struct PacketNumbers: Hashable, Sendable {
    private let bytes: [UInt8]
    private(set) var index: Int

    init(_ bytes: [UInt8], from index: Int = 1) {
        self.bytes = bytes
        self.index = index
    }

    var left: Int { bytes.count - index }

    /// At most 56 bits, so that sums of a few of them never overflow.
    mutating func next() throws(PacketList.Malformed) -> Int {
        var value = 0
        for shift in stride(from: 0, to: 56, by: 7) {
            guard index < bytes.count else { throw PacketList.Malformed(offset: index) }
            let byte = bytes[index]
            index += 1
            value |= Int(byte & 127) << shift
            if byte < 128 { return value }
        }
        throw PacketList.Malformed(offset: index)
    }

    static func append(_ number: Int, to bytes: inout [UInt8]) {
        var rest = UInt64(max(0, number))
        while rest >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
