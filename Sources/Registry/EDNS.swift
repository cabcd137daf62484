/// The extension record of queries and answers (RFC 6891), and the errors it can tell (RFC 8914).
struct EDNS: Hashable, Sendable {
    /// The largest UDP answer, in bytes: what passes every path unfragmented.
    static let payload = 1232
    /// The largest UDP answer to a query without EDNS.
    static let plainPayload = 512

    enum ExtendedError: UInt16 { case stale = 3, notReady = 14 }

    /// What the asker takes, in bytes.
    var size: Int
    var version: UInt8
    /// The DO bit, which an answer repeats (RFC 3225 §3).
    var wantsSignatures: Bool

    /// The OPT record of an answer, always version 0.
    func reply(_ code: ResponseCode, _ error: ExtendedError?) -> [UInt8] {
        var bytes: [UInt8] = [0, 0, 41, UInt8(Self.payload >> 8), UInt8(Self.payload & 255)]
        bytes += [UInt8(code.value >> 4), 0, wantsSignatures ? 0x80 : 0, 0]
        guard let error else { return bytes + [0, 0] }
        // Option 15, two bytes long: the error's number without a text.
        return bytes + [0, 6, 0, 15, 0, 2, UInt8(error.rawValue >> 8), UInt8(error.rawValue & 255)]
    }
}
