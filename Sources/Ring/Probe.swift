package import Model

/// A fixed binary datagram that asks one life of a server for a sign of life, or is that sign.
///
/// The shell seals it with the cluster's datagram key and drops forged and replayed ones; a server ignores one that
/// names another life of its own. Every probe carries what its sender knows, so that one crossing datagram starts an
/// exchange.
package struct Probe: Hashable, Sendable {
    /// A question, its answer, or a sign that nobody asked for.
    package enum Kind: UInt8, Sendable {
        /// Answered at once with an acknowledgement of the same sequence.
        case ping = 1
        case acknowledgement = 2
        /// What every server sends to those who observe it.
        case heartbeat = 3
    }

    package var kind: Kind
    package var from: ServerLife
    /// The life that is meant; another life of the same server does not answer as it, but tells who it is.
    package var to: ServerLife
    package var sequence: UInt32
    /// The sender's `Roster.digest`.
    package var digest: UInt64
    /// The highest epoch that the sender has seen.
    package var epoch: Epoch
    /// The last token that the sender knows of.
    package var token: TokenMark

    package init(
        kind: Kind, from: ServerLife, to: ServerLife, sequence: UInt32, digest: UInt64, epoch: Epoch, token: TokenMark
    ) {
        self.kind = kind
        self.from = from
        self.to = to
        self.sequence = sequence
        self.digest = digest
        self.epoch = epoch
        self.token = token
    }
}

/// Why bytes are no probe.
package enum ProbeError: Error, Hashable, Sendable {
    /// It has another length than `Probe.length`.
    case wrongLength(Int)
    /// The first byte is another format version.
    case unknownVersion(UInt8)
    case unknownKind(UInt8)
}

extension Probe {
    /// The length of an encoded probe in bytes: version, kind, sequence, two lives, digest, epoch, token mark.
    package static let length = 1 + 1 + 4 + 2 * 24 + 8 + 24 + 24
    private static let version: UInt8 = 1

    /// The probe in network byte order, `length` bytes.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = [Probe.version, kind.rawValue]
        bytes.reserveCapacity(Probe.length)
        bytes.append(bigEndian: sequence)
        for life in [from, to] {
            bytes.append(bigEndian: life.id.value)
            bytes.append(bigEndian: life.incarnation.value)
        }
        bytes.append(bigEndian: digest)
        bytes.append(bigEndian: epoch.counter)
        bytes.append(bigEndian: epoch.manager.value)
        bytes.append(bigEndian: token.serial)
        bytes.append(bigEndian: token.holder.value)
        return bytes
    }

    /// - Throws: `ProbeError` for anything but exactly one probe of this version.
    package init(decoding bytes: some Collection<UInt8>) throws(ProbeError) {
        guard bytes.count == Probe.length else { throw .wrongLength(bytes.count) }
        var rest = bytes[...]
        let version: UInt8 = rest.takeBigEndian()
        guard version == Probe.version else { throw .unknownVersion(version) }
        let kindByte: UInt8 = rest.takeBigEndian()
        guard let kind = Kind(rawValue: kindByte) else { throw .unknownKind(kindByte) }
        self.kind = kind
        sequence = rest.takeBigEndian()
        from = rest.takeLife()
        to = rest.takeLife()
        digest = rest.takeBigEndian()
        epoch = Epoch(counter: rest.takeBigEndian(), manager: ServerID(rest.takeBigEndian()))
        token = TokenMark(serial: rest.takeBigEndian(), holder: ServerID(rest.takeBigEndian()))
    }
}

extension [UInt8] {
    fileprivate mutating func append<Value: FixedWidthInteger>(bigEndian value: Value) {
        for shift in stride(from: Value.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> Value(shift)))
        }
    }
}

extension Collection<UInt8> where SubSequence == Self {
    /// Takes a number from the front; bytes that are missing count as nothing, so the caller checks the length first.
    fileprivate mutating func takeBigEndian<Value: FixedWidthInteger>() -> Value {
        var value: Value = 0
        for _ in 0..<Value.bitWidth / 8 {
            guard let byte = popFirst() else { return value }
            value = (Value.bitWidth > 8 ? value << 8 : 0) | Value(truncatingIfNeeded: byte)
        }
        return value
    }

    fileprivate mutating func takeLife() -> ServerLife {
        ServerLife(id: ServerID(takeBigEndian()), incarnation: Incarnation(takeBigEndian()))
    }
}
