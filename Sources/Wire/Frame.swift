/// What a frame is for. Numbers are part of the protocol: they are never used again for something else.
package struct FrameKind: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The first frame of either side on a link.
    package static let hello = FrameKind(rawValue: 1)
    /// A message of the ring's machine.
    package static let ring = FrameKind(rawValue: 2)
    /// Are you there, and who are you?
    package static let ping = FrameKind(rawValue: 3)
    /// No more requests over this link, please: its end is near. Answered when those before it have been sent.
    package static let retire = FrameKind(rawValue: 4)
    package static let leaseRequest = FrameKind(rawValue: 10)
    package static let leaseRelease = FrameKind(rawValue: 11)
    package static let deathReport = FrameKind(rawValue: 12)
    /// A message of one registry to another.
    package static let registry = FrameKind(rawValue: 13)
    package static let chunkPut = FrameKind(rawValue: 20)
    package static let chunkRead = FrameKind(rawValue: 21)
    package static let chunkHave = FrameKind(rawValue: 22)
    package static let chunkVerify = FrameKind(rawValue: 23)
    package static let chunkReceipt = FrameKind(rawValue: 24)
    package static let chunkNeed = FrameKind(rawValue: 25)
    package static let catalogueAppend = FrameKind(rawValue: 30)
    package static let catalogueFetch = FrameKind(rawValue: 31)
    package static let summary = FrameKind(rawValue: 40)
    /// Who has the floating address, as far as the sender knows; answered with the same.
    package static let floatingAddress = FrameKind(rawValue: 41)
}

/// Which way a frame goes.
package enum FrameDirection: UInt8, Sendable {
    case request = 1
    case reply = 2
    /// The request was understood and not done; the header says why.
    case refusal = 3
}

/// One message between peers: a JSON header and a raw body, never base64.
package struct Frame: Hashable, Sendable {
    /// A frame of another major version is refused, one of another minor version is read.
    package static let majorVersion: UInt8 = 1
    package static let minorVersion: UInt8 = 0
    /// The JSON header's bound, in bytes.
    package static let maximumHeaderLength = 1 << 20
    /// A frame's bound: the longest chunk and its header.
    package static let maximumLength = (4 << 20) + maximumHeaderLength + prefixLength
    /// Versions, direction, a zero byte, kind, request id, header length: what follows the length field.
    package static let prefixLength = 18

    package var kind: FrameKind
    package var direction: FrameDirection
    /// Chosen by the asker, unique on its side of the link; the answer bears it too.
    package var requestID: UInt64
    package var header: [UInt8]
    package var body: [UInt8]

    package init(
        kind: FrameKind, direction: FrameDirection, requestID: UInt64, header: [UInt8] = Array("{}".utf8),
        body: [UInt8] = []
    ) {
        self.kind = kind
        self.direction = direction
        self.requestID = requestID
        self.header = header
        self.body = body
    }

    /// All bytes but the body, which is written behind them without a copy: length field, prefix, header.
    package var encodedHead: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 + Self.prefixLength + header.count)
        bytes.append(bigEndian: UInt32(Self.prefixLength + header.count + body.count))
        bytes += [Self.majorVersion, Self.minorVersion, direction.rawValue, 0]
        bytes.append(bigEndian: kind.rawValue)
        bytes.append(bigEndian: requestID)
        bytes.append(bigEndian: UInt32(header.count))
        bytes += header
        return bytes
    }
}

/// Why bytes are no frame. The link that sent them is closed; nothing else happens.
package enum FrameError: Error, Hashable, Sendable {
    /// The length field, beyond `Frame.maximumLength` or too small.
    case badLength(UInt32)
    case otherVersion(major: UInt8)
    case badDirection(UInt8)
    case badHeaderLength(UInt32)
}

/// Takes a stream of bytes apart into frames, holding at most one frame.
package struct FrameParser: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0

    package init() {}

    /// Whether the next frame has begun and is not complete.
    package var isInsideFrame: Bool { buffer.count > start }

    /// How many bytes the frame that has begun still lacks, as far as is known; at least 1.
    package var missing: Int {
        let held = buffer.count - start
        guard held >= 4 else { return 4 - held }
        return max(1, 4 + Int(bigEndian32(at: start)) - held)
    }

    package mutating func append(_ bytes: [UInt8]) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        if buffer.isEmpty { buffer = bytes } else { buffer += bytes }
    }

    /// The next complete frame, nil while there is none.
    /// - Throws: `FrameError`; the stream cannot be read on afterwards.
    package mutating func next() throws(FrameError) -> Frame? {
        guard buffer.count - start >= 4 else { return nil }
        let length = bigEndian32(at: start)
        guard length >= Frame.prefixLength, length <= Frame.maximumLength else { throw .badLength(length) }
        try checkPrefix()
        guard buffer.count - start >= 4 + Int(length) else { return nil }
        let frame = try frame(length: Int(length))
        start += 4 + Int(length)
        if start == buffer.count {
            buffer = []
            start = 0
        }
        return frame
    }

    /// The frame that has begun, with as much of its body as has come, where its head is complete and at least `least`
    /// bytes are missing: whoever reads them puts them where they are to stay. The parser is empty afterwards.
    /// - Throws: `FrameError`; the stream cannot be read on afterwards.
    package mutating func takeBeginning(least: Int) throws(FrameError) -> (frame: Frame, missing: Int)? {
        let held = buffer.count - start
        guard held >= 4 + Frame.prefixLength, missing >= least,
            held >= 4 + Frame.prefixLength + Int(bigEndian32(at: start + 18))
        else { return nil }
        let missing = missing
        let frame = try frame(length: Int(bigEndian32(at: start)), held: held)
        buffer = []
        start = 0
        return (frame, missing)
    }

    /// Refuses another version as soon as its bytes are there, before a body is waited for.
    private func checkPrefix() throws(FrameError) {
        guard buffer.count - start >= 7 else { return }
        guard buffer[start + 4] == Frame.majorVersion else { throw .otherVersion(major: buffer[start + 4]) }
        guard FrameDirection(rawValue: buffer[start + 6]) != nil else { throw .badDirection(buffer[start + 6]) }
    }

    /// - Parameter held: how much of the frame is here, its head at least; nil: all of it.
    private func frame(length: Int, held: Int? = nil) throws(FrameError) -> Frame {
        let prefix = start + 4
        let kind = UInt16(buffer[prefix + 4]) << 8 | UInt16(buffer[prefix + 5])
        var requestID: UInt64 = 0
        for index in 0..<8 { requestID = requestID << 8 | UInt64(buffer[prefix + 6 + index]) }
        let headerLength = bigEndian32(at: prefix + 14)
        guard headerLength <= Frame.maximumHeaderLength, Int(headerLength) <= length - Frame.prefixLength,
            let direction = FrameDirection(rawValue: buffer[prefix + 2])
        else { throw .badHeaderLength(headerLength) }
        let header = prefix + Frame.prefixLength
        let body = header + Int(headerLength)
        return Frame(
            kind: FrameKind(rawValue: kind), direction: direction, requestID: requestID,
            header: Array(buffer[header..<body]), body: Array(buffer[body..<(start + (held ?? 4 + length))]))
    }

    private func bigEndian32(at index: Int) -> UInt32 {
        UInt32(buffer[index]) << 24 | UInt32(buffer[index + 1]) << 16 | UInt32(buffer[index + 2]) << 8
            | UInt32(buffer[index + 3])
    }
}

extension [UInt8] {
    /// Appends an integer in network byte order.
    package mutating func append(bigEndian value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
