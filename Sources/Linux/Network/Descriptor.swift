internal import CLinux
internal import Glibc
internal import Model
internal import Platform

/// A descriptor that is closed when its owner lets go of it.
struct Descriptor: ~Copyable {
    let number: Int32

    /// - Parameter result: what the system answered: a descriptor, or a negative error number.
    init(_ result: Int32) throws(StreamError) {
        guard result >= 0 else { throw StreamError(errorNumber: -result) }
        number = result
    }

    deinit { Glibc.close(number) }
}

extension StreamError {
    /// What the system's `errno` means for a connection.
    init(errorNumber: Int32) {
        switch errorNumber {
        case ECONNREFUSED: self = .refused
        case ECONNRESET, ECONNABORTED: self = .reset
        case EPIPE: self = .closed
        default: self = .failed(errorNumber)
        }
    }
}

/// What a call that moves bytes answered.
enum Transfer {
    case moved(Int)
    /// Nothing to be had now; the reactor will tell.
    case notReady
    case failed(StreamError)

    init(_ result: Int32) {
        switch result {
        case 0...: self = .moved(Int(result))
        case -EAGAIN: self = .notReady
        case -EINTR: self = .moved(0)
        default: self = .failed(StreamError(errorNumber: -result))
        }
    }
}

extension Descriptor {
    /// A non-blocking TCP socket.
    static func stream() throws(StreamError) -> Descriptor { try Descriptor(rondo_socket(Int32(SOCK_STREAM.rawValue))) }

    /// A non-blocking UDP socket.
    static func datagrams() throws(StreamError) -> Descriptor {
        try Descriptor(rondo_socket(Int32(SOCK_DGRAM.rawValue)))
    }

    func setOption(_ level: Int32, _ name: Int32, _ value: Int32 = 1) {
        _ = rondo_set_option(number, level, name, value)
    }

    func bind(to endpoint: Endpoint) throws(StreamError) {
        let result = rondo_bind(number, endpoint.host.value, endpoint.port)
        if result < 0 { throw StreamError(errorNumber: -result) }
    }

    /// The local end.
    func localEndpoint() -> Endpoint {
        var host: UInt32 = 0
        var port: UInt16 = 0
        // Safe because the call writes the two numbers and keeps no pointer.
        _ = unsafe rondo_local_address(number, &host, &port)
        return Endpoint(HostAddress(host), port)
    }
}

/// Arrays of which a system call writes the beginning.
enum Buffer {
    /// The most that one call moves: enough to make the call's own cost small, and so little that malloc(3) gives it
    /// from the heap instead of mapping it anew each time.
    static let maximum = 64 << 10

    /// The bytes that `fill` writes into a buffer of at most `maximum`, in an array that is not much larger than they
    /// are.
    static func read(
        atMost maximum: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int32
    ) -> (bytes: [UInt8], transfer: Transfer) {
        let size = max(1, min(maximum, Self.maximum))
        var transfer = Transfer.notReady
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            // Safe because `fill` says how many bytes it has written, and the kernel writes no more than the size.
            transfer = unsafe Transfer(fill(UnsafeMutableRawBufferPointer(buffer)))
            if case .moved(let moved) = transfer { count = moved }
        }
        let isLoose = bytes.count < size / 2
        return (isLoose ? exactCopy(of: bytes) : bytes, transfer)
    }

    private static func exactCopy(of bytes: [UInt8]) -> [UInt8] {
        if bytes.isEmpty { return [] }
        return [UInt8](unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) })
    }
}
