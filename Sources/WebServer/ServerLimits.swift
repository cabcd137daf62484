/// How long the server waits and how much it takes on.
package struct ServerLimits: Hashable, Sendable {
    /// For a head, from its first byte.
    package var head: Duration = .seconds(10)
    /// For a further request on a connection, or a first one.
    package var idle: Duration = .seconds(60)
    /// For the next bytes of a request's body.
    package var bodyProgress: Duration = .seconds(30)
    /// For 64 KiB of an answer to be taken.
    package var writeProgress: Duration = .seconds(30)
    /// For what a client still sends after an answer that ends the connection, so that it can read the answer.
    package var linger: Duration = .seconds(2)
    /// Connections at a time; one more gets a 503.
    package var connections = 2048
    /// Bytes of an unread body that are read and dropped to keep a connection.
    package var drainedBody: Int64 = 64 << 10

    package init() {}
}
