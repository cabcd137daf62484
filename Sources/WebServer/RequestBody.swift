package import HTTP
internal import Model
package import Platform

/// Why a request's body ended before its end.
package enum BodyError: Error, Hashable, Sendable {
    /// The connection ended or failed.
    case cut
    /// Nothing came for `ServerLimits.bodyProgress`.
    case timedOut
    case malformed(HTTPError)
    /// It is longer than the reader takes.
    case tooLong

    /// The answer to it, where somebody is left to read it.
    package var answer: APIError {
        switch self {
        case .cut: APIError(400, "truncated", "The connection ended in the middle of the body; nothing was stored.")
        case .timedOut: APIError(408, "timeout", "The body stopped arriving; nothing was stored.")
        case .malformed(let error): error.answer
        case .tooLong: APIError(413, "too_large", "The body is too long.")
        }
    }
}

/// A request's body, read from the connection as its handler asks for it: not reading is the back-pressure.
@Loop
package final class RequestBody {
    private let connection: Connection
    private var expectsContinue: Bool
    /// Whether all of it has been read.
    private(set) var isComplete: Bool
    private(set) var failure: BodyError?
    /// Bytes, where the request says how many.
    package let declaredLength: Int64?
    private var received: Int64 = 0

    init(of head: RequestHead, on connection: Connection) {
        self.connection = connection
        expectsContinue = head.expectsContinue
        isComplete = false
        declaredLength =
            switch head.framing {
            case .none: 0
            case .length(let length): length
            case .chunked, .untilClose: nil
            }
    }

    /// The next bytes, at most 64 KiB, or nil at the body's end.
    package func next() async throws(BodyError) -> ArraySlice<UInt8>? {
        if let failure { throw failure }
        if isComplete { return nil }
        do throws(BodyError) {
            let invites = expectsContinue
            expectsContinue = false
            let bytes = try await connection.nextBodyBytes(inviting: invites)
            received += Int64(bytes?.count ?? 0)
            isComplete = bytes == nil
            return bytes
        } catch {
            failure = error
            throw error
        }
    }

    /// All of it, where it is short.
    package func collect(atMost limit: Int) async throws(BodyError) -> [UInt8] {
        var all: [UInt8] = []
        while let bytes = try await next() {
            guard all.count + bytes.count <= limit else { throw .tooLong }
            all += bytes
        }
        return all
    }

    /// Whether what has not been read is worth reading to keep the connection.
    func isDrainable(_ limit: Int64) -> Bool {
        if isComplete { return true }
        guard failure == nil, !expectsContinue else { return false }
        return declaredLength.map { $0 - received <= limit } ?? false
    }

    /// Reads and drops the rest; false when that failed.
    func drain() async -> Bool {
        do throws(BodyError) {
            while try await next() != nil {}
            return true
        } catch {
            return false
        }
    }
}
