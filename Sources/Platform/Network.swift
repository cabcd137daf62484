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

    /// Waits for at least one byte and puts what there is into `bytes` from the index `start` on: for what is to stay
    /// where it is read to.
    /// - Returns: how many there were; 0 at the end of the stream.
    /// - Throws: as `read(atMost:deadline:)`.
    func read(into bytes: inout [UInt8], from start: Int, deadline: MonotonicTime) async throws(StreamError) -> Int

    /// Returns when all of `bytes` are in the kernel's hands, which is the back-pressure.
    /// - Throws: `StreamError`; after any error an unknown part has been sent and the stream is to be closed.
    func write(_ bytes: ArraySlice<UInt8>, deadline: MonotonicTime) async throws(StreamError)

    /// Returns when a head and what follows it are in the kernel's hands, as if they were one and without a copy that
    /// makes them one; what is in the system's memory goes from there where the stream can.
    /// - Throws: as `write`; `timedOut` when the other end takes less than the pace.
    func write(_ head: [UInt8], then piece: StreamPiece, pace: SendingPace) async throws(StreamError)

    /// Returns when a write would be taken at once, at least in part.
    /// - Throws: `StreamError`; `timedOut` when the other end takes less than the pace, and leaves the stream usable.
    func waitUntilWritable(pace: SendingPace) async throws(StreamError)

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

/// How fast the other end must take what it is sent, whether from here or out of the kernel's buffers.
package struct SendingPace: Hashable, Sendable {
    /// In bytes.
    package let piece: Int
    /// For each piece.
    package let time: Duration

    package init(piece: Int, time: Duration) {
        self.piece = piece
        self.time = time
    }
}

/// Bytes that nothing can change any more, in memory of the system's: streams may send them without a copy.
package protocol HeldBytes: AnyObject, Sendable {
    var count: Int { get }
    /// A copy of some of them; the range lies inside.
    func copy(_ range: Range<Int>) -> [UInt8]
}

/// Bytes on their way out: in this process's memory, or in the system's.
package enum StreamPiece: Sendable {
    case bytes(ArraySlice<UInt8>)
    case held(any HeldBytes, Range<Int>)

    package var count: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .held(_, let range): range.count
        }
    }

    /// For whoever has to look at them.
    package var bytes: ArraySlice<UInt8> {
        switch self {
        case .bytes(let bytes): bytes
        case .held(let memory, let range): memory.copy(range)[...]
        }
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

/// An address that this host puts on an interface and takes off again.
@Loop
package protocol InterfaceAddress: AnyObject, Sendable {
    /// Puts it on for two seconds, from which on the system takes it off by itself: a process that is killed or stopped
    /// cannot. Said again before that, it stays.
    /// - Throws: `failed(EPERM)` without the right to (CAP_NET_ADMIN).
    func put() throws(StreamError)
    func remove()
    /// Tells everybody on the network that it is here (an ARP announcement, RFC 5227 §2.3).
    /// - Throws: `failed(EPERM)` without the right to (CAP_NET_RAW).
    func announce() throws(StreamError)
}

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

    /// An address beside another one of this host, on the same interface; it is not there yet.
    /// - Parameter prefix: bits of the network's part, 1 to 32.
    /// - Throws: `failed(EADDRNOTAVAIL)` where no interface has `own`.
    func interfaceAddress(_ address: HostAddress, prefix: Int, beside own: HostAddress)
        throws(StreamError) -> any InterfaceAddress

    /// The local address from which packets to `host` leave.
    func sourceAddress(toward host: HostAddress) -> HostAddress?

    /// Where to send what everybody on the network of `host` shall hear; `.any`: on all networks of this machine.
    func broadcastAddresses(of host: HostAddress) -> [HostAddress]
}
