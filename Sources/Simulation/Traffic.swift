import Model
import Registry
import Ring
import Wire

/// What one server puts on the wire and takes from it, in bytes of IP packets.
package struct Traffic: Hashable, Sendable {
    package var sent = 0
    package var received = 0

    /// Of a TCP segment with time stamps: IPv4, TCP and its options.
    static let segmentHead = 20 + 20 + 12
    /// Of a frame in a TLS 1.3 record: length field, prefix, record header, content type, tag.
    static let frameHead = 4 + 18 + 5 + 1 + 16
    /// The answer to a message names a life: an id, an incarnation of at most two bytes, and what tells their lengths.
    static let acknowledgement = 2 + 18 + 3
}

// Counting: everything that a machine asks for, as long as it would be on a wire.
extension RingWorld {
    mutating func count(_ probe: Probe, from index: Int, to target: Int, copies: Int) {
        guard countsTraffic else { return }
        let bytes = probe.encodedLength + Probe.overheadBytes
        servers[index].traffic.sent += bytes
        servers[target].traffic.received += bytes * copies
    }

    /// A request over a link and its answer; each comes in segments of its own, which the other side acknowledges.
    mutating func count(_ message: Ring.Message, from index: Int, to target: Int) {
        guard countsTraffic else { return }
        // The envelope names the sender's life and the receiver's, as the answer does one.
        let request = 2 * Traffic.acknowledgement + message.encoded.count
        exchange(request, Traffic.acknowledgement, from: index, to: target)
    }

    mutating func count(_ request: LeaseRequest, _ answer: LeaseAnswer?, of index: Int) {
        guard countsTraffic, let answer else { return }
        exchange(WireJSON.encode(request).count, WireJSON.encode(answer).count, from: index, to: nil)
    }

    private mutating func exchange(_ request: Int, _ answer: Int, from index: Int, to target: Int?) {
        let there = Traffic.onWire(request) + Traffic.segmentHead
        let back = Traffic.onWire(answer)
        servers[index].traffic.sent += there
        servers[index].traffic.received += back
        guard let target else { return }
        servers[target].traffic.received += there
        servers[target].traffic.sent += back
    }
}

extension Ring.Message {
    /// How many roster entries it carries.
    var entryCount: Int {
        switch self {
        case .roster(let roster, _): roster.count
        case .part(let entries, _, _), .changes(let entries, _): entries.count
        case .alert(let alert): alert.failures.count
        case .join, .accusation, .digests: 1
        case .imbalance, .probeRequest, .probeReport, .token, .damping: 0
        }
    }
}

extension Traffic {
    /// A frame with so many bytes of header and body, in segments of 1,448.
    fileprivate static func onWire(_ bytes: Int) -> Int {
        let stream = frameHead + bytes
        return stream + (stream + 1_447) / 1_448 * segmentHead
    }
}
