/// Cuts a TCP stream into DNS messages: each stands behind its length in two bytes (RFC 1035 §4.2.2).
package struct DNSFrames: Sendable {
    private var buffer: [UInt8] = []

    package init() {}

    package mutating func append(_ bytes: [UInt8]) { buffer += bytes }

    /// The next whole message, nil while more bytes are needed; the buffer never holds more than one and what came with
    /// it.
    package mutating func next() -> [UInt8]? {
        guard buffer.count >= 2 else { return nil }
        let end = 2 + (Int(buffer[0]) << 8 | Int(buffer[1]))
        guard buffer.count >= end else { return nil }
        let message = Array(buffer[2..<end])
        buffer.removeFirst(end)
        return message
    }

    /// A message with its length before it; nil when it is longer than 65,535 bytes.
    package static func framed(_ message: [UInt8]) -> [UInt8]? {
        guard message.count <= UInt16.max else { return nil }
        return [UInt8(message.count >> 8), UInt8(message.count & 255)] + message
    }
}
