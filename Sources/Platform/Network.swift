package import Model

/// Why a connection could not be made or went away. A timeout says nothing about whether the bytes arrived.
package enum StreamError: Error, Hashable, Sendable {
    /// The other side closed where more was expected, or this side closed the stream while it was in use.
    case closed
    /// The connection was reset.
    case reset
    /// Nobody listens there.
    case refused
    /// The deadline passed.
    case timedOut
    /// The system refused, with its error number.
    case failed(Int32)
    /// The TLS handshake failed; for the log.
    case untrusted(String)
}

/// A connected byte stream: a TCP connection, or TLS over one. One reader and one writer at a time.
@Loop
package protocol ByteStream: AnyObject, Sendable {
    var local: Endpoint { get }
    var remote: Endpoint { get }

    /// Waits for at least one byte and takes up to `maximum`; empty at the end of the stream.
    /// - Throws: `StreamError`; `timedOut` leaves the stream usable.
    func read(atMost maximum: Int, deadline: MonotonicTime) async throws(StreamError) -> [UInt8]

    /// Returns when all of `bytes` are in the kernel's hands, which is the back-pressure.
    /// - Throws: `StreamError`; after any error an unknown part has been sent and the stream is to be closed.
    func write(_ bytes: ArraySlice<UInt8>, deadline: MonotonicTime) async throws(StreamError)

    /// Sends an end of stream and reads on.
    func finishWriting()

    /// Gives the connection back at once; whoever waits on it gets `closed`. A second call does nothing.
    func close()
}

extension ByteStream {
    package func write(_ bytes: [UInt8], deadline: MonotonicTime) async throws(StreamError) {
        try await write(bytes[...], deadline: deadline)
    }
}

/// A listening socket.
@Loop
package protocol StreamListener: AnyObject, Sendable {
    var local: Endpoint { get }
    func close()
}

/// A bound UDP socket. Sending never waits: what the kernel does not take is lost, as datagrams may be.
@Loop
package protocol DatagramSocket: AnyObject, Sendable {
    var local: Endpoint { get }
    func send(_ bytes: [UInt8], to endpoint: Endpoint)
    func close()
}

/// The key that makes two ends of a TLS connection peers; the identity says which key it is, so that two may be valid
/// at a time. What is sent of it shows neither.
package struct PeerSecret: Sendable {
    /// Known to both ends; never sent as it is.
    package let identity: String
    /// 32 bytes.
    package let key: [UInt8]

    package init(identity: String, key: [UInt8]) {
        self.identity = identity
        self.key = key
    }
}

/// Which end of a TLS handshake this is.
package enum StreamSide: Sendable { case client, server }

/// The network of one host.
@Loop
package protocol Network: AnyObject, Sendable {
    /// - Parameter endpoint: port 0 takes a free one.
    /// - Throws: `failed(EADDRINUSE)` and the like.
    func listen(on endpoint: Endpoint, accepting: @escaping @Loop @Sendable (any ByteStream) -> Void)
        throws(StreamError) -> any StreamListener

    /// - Parameter source: the address to leave from; `.any` lets the system choose.
    func connect(to endpoint: Endpoint, from source: HostAddress, deadline: MonotonicTime)
        async throws(StreamError) -> any ByteStream

    func openDatagrams(on endpoint: Endpoint, receiving: @escaping @Loop @Sendable ([UInt8], Endpoint) -> Void)
        throws(StreamError) -> any DatagramSocket

    /// Wraps a fresh connection in TLS 1.3 with an external PSK (RFC 8446 §2.2), both ends proving the key, nothing
    /// else accepted.
    /// - Parameter secrets: a client uses the first; a server accepts any.
    /// - Throws: `untrusted` when the other end has none of them; the stream is then closed.
    func secure(_ stream: any ByteStream, as side: StreamSide, secrets: [PeerSecret], deadline: MonotonicTime)
        async throws(StreamError) -> any ByteStream

    /// The local address from which packets to `host` leave.
    func sourceAddress(toward host: HostAddress) -> HostAddress?

    /// Where to send what everybody on the network of `host` shall hear; `.any`: on all networks of this machine.
    func broadcastAddresses(of host: HostAddress) -> [HostAddress]
}
