internal import Model

/// Goes over a song's packets and knows which bytes of the original are theirs. A copy goes on from where it was made.
struct PacketWalk: Hashable, Sendable {
    /// A packet without whatever the container puts around or into it.
    struct Packet {
        /// In bytes, without the container's.
        let length: Int
        /// How long it lasts.
        let samples: Int
        /// Where its first byte lies in the original.
        let start: Int64
    }

    /// When the next packet begins, in samples, with those that are not played.
    private(set) var time: Int64 = 0
    private var reader: PacketList.Reader
    /// The next byte of the original to be looked at.
    private var position: Int64
    private var page = 0
    /// Bytes of the current page that are not yet given out.
    private var left = 0

    /// - Parameter start: of the first audio chunk in the original.
    init(_ list: PacketList, from start: Int64) {
        reader = list.makeReader()
        position = start
    }

    /// The next packet, nil after the last.
    /// - Parameters:
    ///   - end: of the audio in the original: no packet lies beyond it.
    ///   - take: gets the packet's pieces in order.
    /// - Throws: `Unsegmentable` when the list cannot be this song's.
    mutating func next(
        of list: PacketList, before end: Int64, _ take: (Range<Int64>) -> Void = { _ in }
    ) throws(Unsegmentable) -> Packet? {
        let read: PacketList.Packet?
        do { read = try reader.next() } catch { throw .damagedList }
        guard let read else { return nil }
        guard read.samples <= Int(UInt32.max) else { throw .damagedList }
        time += Int64(read.samples)
        if list.pages.isEmpty { return try bare(read, head: list.packetHead, before: end, take) }
        return try laced(read, in: list.pages, before: end, take)
    }

    private mutating func bare(
        _ packet: PacketList.Packet, head: Int, before end: Int64, _ take: (Range<Int64>) -> Void
    ) throws(Unsegmentable) -> Packet {
        let start = position + Int64(packet.gap)
        guard packet.length > head, start + Int64(packet.length) <= end else { throw .damagedList }
        position = start + Int64(packet.length)
        take(start + Int64(head)..<position)
        return Packet(length: packet.length - head, samples: packet.samples, start: start)
    }

    private mutating func laced(
        _ packet: PacketList.Packet, in pages: [PacketList.Page], before end: Int64, _ take: (Range<Int64>) -> Void
    ) throws(Unsegmentable) -> Packet {
        var rest = packet.length
        var start: Int64?
        while rest > 0 {
            if left == 0 {
                guard page < pages.count else { throw .damagedList }
                position += Int64(pages[page].gap)
                left = pages[page].length
                page += 1
                guard position + Int64(left) <= end else { throw .damagedList }
                continue
            }
            let count = min(rest, left)
            start = start ?? position
            take(position..<position + Int64(count))
            position += Int64(count)
            left -= count
            rest -= count
        }
        return Packet(length: packet.length, samples: packet.samples, start: start ?? position)
    }
}

/// Why a song has no segments.
package enum Unsegmentable: Error, Hashable, Sendable {
    /// No fragmented file can hold its codec.
    case codec
    /// Its packets were never listed, or the list does not say where they are.
    case noList
    /// The list is not this song's.
    case damagedList
}
