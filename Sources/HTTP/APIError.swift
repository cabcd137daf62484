/// What the API answers instead of a result: `{"error": {"code", "message"}}` with a status.
///
/// The code is for programs and never changes; the message is one sentence for people that says what to do.
package struct APIError: Error, Hashable, Sendable {
    /// An HTTP status from 400 to 599.
    package var status: Int
    /// Lower case with underscores, `no_such_song`.
    package var code: String
    package var message: String
    /// Seconds after which the same request may succeed; nil where it will not by waiting.
    package var retryAfter: Int?

    package init(_ status: Int, _ code: String, _ message: String, retryAfter: Int? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }
}

extension APIError {
    /// A song is known and none of those who hold it can be reached now: 503, never 404 (the spec, §6).
    package static let chunkUnavailable = APIError(
        503, "chunk_unavailable", "No server that holds this part of the song can be reached now; try again.",
        retryAfter: 1)

    /// There is no Router to send the listener to.
    package static let noRouter = APIError(
        503, "no_router", "No Router is alive right now; one is being chosen, try again.", retryAfter: 1)

    package static let noSuchSong = APIError(404, "no_such_song", "There is no song with this id.")
}
