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
    /// Of heartbeats it counts the rounds.
    package var sequence: UInt32
    /// The sender's `Roster.digest`.
    package var digest: UInt64
    /// The highest epoch that the sender has seen; `none` in heartbeats of odd rounds.
    package var epoch: Epoch
    /// The last token that the sender knows of; `none` in heartbeats of even rounds.
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
    /// It has another length than a probe of its kind.
    case wrongLength(Int)
    /// The first byte is another format version.
    case unknownVersion(UInt8)
    case unknownKind(UInt8)
}

extension Probe {
    /// The length of an encoded ping or acknowledgement in bytes: version, kind, sequence, two lives, digest, epoch,
    /// token mark.
    package static let length = 1 + 1 + 4 + 2 * 24 + 8 + 24 + 24
    /// The same without one of the two last, which heartbeats tell in turn.
    package static let heartbeatLength = length - 24
    /// What a sealed probe and its UDP and IP headers add to it: `DatagramSealer` puts 24 bytes before and 16 behind.
    package static let overheadBytes = 24 + 16 + 8 + 20
    private static let version: UInt8 = 1

    private static func length(of kind: Kind) -> Int { kind == .heartbeat ? heartbeatLength : length }

    /// The length of this probe when it is encoded, in bytes.
    package var encodedLength: Int { Probe.length(of: kind) }

    private var tellsEpoch: Bool { kind != .heartbeat || sequence.isMultiple(of: 2) }
    private var tellsToken: Bool { kind != .heartbeat || !sequence.isMultiple(of: 2) }

    /// The probe in network byte order, `encodedLength` bytes.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = [Probe.version, kind.rawValue]
        bytes.reserveCapacity(Probe.length)
        bytes.append(bigEndian: sequence)
        for life in [from, to] {
            bytes.append(bigEndian: life.id.value)
            bytes.append(bigEndian: life.incarnation.value)
        }
        bytes.append(bigEndian: digest)
        if tellsEpoch {
            bytes.append(bigEndian: epoch.counter)
            bytes.append(bigEndian: epoch.manager.value)
        }
        if tellsToken {
            bytes.append(bigEndian: token.serial)
            bytes.append(bigEndian: token.holder.value)
        }
        return bytes
    }

    /// - Throws: `ProbeError` for anything but exactly one probe of this version.
    package init(decoding bytes: [UInt8]) throws(ProbeError) {
        guard bytes.count >= 2 else { throw .wrongLength(bytes.count) }
        var rest = bytes[...]
        let version: UInt8 = rest.takeBigEndian()
        guard version == Probe.version else { throw .unknownVersion(version) }
        let kindByte: UInt8 = rest.takeBigEndian()
        guard let kind = Kind(rawValue: kindByte) else { throw .unknownKind(kindByte) }
        guard bytes.count == Probe.length(of: kind) else { throw .wrongLength(bytes.count) }
        self.kind = kind
        sequence = rest.takeBigEndian()
        from = rest.takeLife()
        to = rest.takeLife()
        digest = rest.takeBigEndian()
        (epoch, token) = (.none, .none)
        if tellsEpoch { epoch = Epoch(counter: rest.takeBigEndian(), manager: ServerID(rest.takeBigEndian())) }
        if tellsToken { token = TokenMark(serial: rest.takeBigEndian(), holder: ServerID(rest.takeBigEndian())) }
    }
}

extension [UInt8] {
    fileprivate mutating func append<Value: FixedWidthInteger>(bigEndian value: Value) {
        for shift in stride(from: Value.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> Value(shift)))
        }
    }
}

extension ArraySlice<UInt8> {
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
