internal import HTTP

/// An answer to a GET that is the same for everybody until something changes, written out but for its date.
///
/// What thousands ask for again and again is made once: its JSON, its fields, their bytes.
package struct PreparedAnswer: Sendable {
    let status: Int
    /// Up to the empty line, without it and without `Date`.
    private let head: [UInt8]
    private let body: [UInt8]

    /// - Returns: nil for an answer whose bytes are not known yet.
    package init?(_ response: Response) {
        guard case .bytes(let body) = response.body else { return nil }
        let request = RequestHead(
            method: "GET", target: "/", minorVersion: 1, headers: [:], framing: .none, keepAlive: true,
            expectsContinue: false)
        status = response.status
        head = FramedResponse(response, to: request, keepAlive: true, date: nil).head.dropLast(2)
        self.body = body
    }

    /// Whether it answers such a request: a plain one on a connection that stays open.
    static func mayAnswer(_ head: RequestHead) -> Bool {
        head.method == "GET" && head.minorVersion == 1 && head.keepAlive && head.framing == .none
    }

    /// - Parameter date: the value of the `Date` field.
    func bytes(date: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(head.count + body.count + 48)
        bytes += head
        bytes += "Date: ".utf8
        bytes += date.utf8
        bytes += "\r\n\r\n".utf8
        bytes += body
        return bytes
    }
}

/// The value of `Date`, made once a second.
struct DateText {
    private var second: Int64 = .min
    private var text = ""

    mutating func at(_ wallMs: Int64) -> String {
        let now = wallMs / 1_000
        if now != second {
            second = now
            text = CalendarDate(wallMs: wallMs).http
        }
        return text
    }
}
