internal import COpenSSL
internal import Glibc
internal import Model
internal import Platform

/// TLS over a TCP connection. OpenSSL reads and writes the descriptor itself; what it waits for, this waits for.
@Loop
@safe
final class TLSStream: ByteStream {
    private let transport: TCPStream
    private let context: TLSContext
    // Safe because it is used on the loop only, and freed with this object, after the last use.
    private let ssl: OpaquePointer
    private var isEstablished = false
    private var isReading = false
    private var isWriting = false

    init(_ transport: TCPStream, context: TLSContext) throws(StreamError) {
        guard let number = transport.number else { throw .closed }
        guard let ssl = unsafe SSL_new(context.pointer) else { throw .untrusted(TLSError.takeReason()) }
        self.transport = transport
        self.context = context
        unsafe self.ssl = ssl
        unsafe SSL_set_fd(ssl, number)
    }

    isolated deinit {
        close()
        unsafe SSL_free(ssl)
    }

    var local: Endpoint { transport.local }
    var remote: Endpoint { transport.remote }

    func handshake(_ side: StreamSide, deadline: MonotonicTime) async throws(StreamError) {
        while true {
            guard transport.number != nil else { throw .closed }
            let tickets = transport.tickets
            TLSError.clear()
            let result = unsafe side == .server ? SSL_accept(ssl) : SSL_connect(ssl)
            if result == 1 { break }
            guard try await wait(for: unsafe SSL_get_error(ssl, result), tickets, until: deadline) else {
                throw .closed
            }
        }
        // Only a key that both ends have makes a session "reused"; a certificate never does.
        guard unsafe SSL_session_reused(ssl) == 1 else { throw .untrusted("the handshake did not use the key") }
        isEstablished = true
    }

    func read(atMost maximum: Int, deadline: MonotonicTime) async throws(StreamError) -> [UInt8] {
        invariant(!isReading, "a stream has two readers")
        isReading = true
        defer { isReading = false }
        while true {
            guard transport.number != nil else { throw .closed }
            let tickets = transport.tickets
            let (bytes, code) = readRecords(atMost: maximum)
            if !bytes.isEmpty {
                await Reactor.shared.spend(bytes.count)
                return bytes
            }
            if !(try await wait(for: code, tickets, until: deadline)) { return [] }
        }
    }

    func read(into bytes: inout [UInt8], from start: Int, deadline: MonotonicTime) async throws(StreamError) -> Int {
        invariant(!isReading, "a stream has two readers")
        isReading = true
        defer { isReading = false }
        while true {
            guard transport.number != nil else { throw .closed }
            let tickets = transport.tickets
            // Safe because the buffer is used inside the call alone.
            let (count, code) = unsafe bytes.withUnsafeMutableBytes {
                unsafe readRecords(into: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
            }
            if count > 0 {
                await Reactor.shared.spend(count)
                return count
            }
            if !(try await wait(for: code, tickets, until: deadline)) { return 0 }
        }
    }

    func write(_ bytes: ArraySlice<UInt8>, deadline: MonotonicTime) async throws(StreamError) {
        invariant(!isWriting, "a stream has two writers")
        isWriting = true
        defer { isWriting = false }
        try await writeRecords(bytes, deadline: deadline)
    }

    func write(_ head: [UInt8], then piece: StreamPiece, pace: SendingPace) async throws(StreamError) {
        invariant(!isWriting, "a stream has two writers")
        isWriting = true
        defer { isWriting = false }
        // A record is 16 KiB and a system call; on the way they are put together again.
        transport.setCorked(true)
        defer { transport.setCorked(false) }
        try await writeRecords(head[...], deadline: Reactor.now + pace.time)
        var rest = piece.bytes
        while !rest.isEmpty {
            try await writeRecords(rest.prefix(pace.piece), deadline: Reactor.now + pace.time)
            rest = rest.dropFirst(pace.piece)
        }
    }

    func waitUntilWritable(pace: SendingPace) async throws(StreamError) {
        try await transport.waitUntilWritable(pace: pace)
    }

    private func writeRecords(_ bytes: ArraySlice<UInt8>, deadline: MonotonicTime) async throws(StreamError) {
        var rest = bytes
        while !rest.isEmpty {
            guard transport.number != nil else { throw .closed }
            transport.noteWriting()
            let tickets = transport.tickets
            var count = 0
            TLSError.clear()
            // Safe because OpenSSL encrypts or copies the bytes during the call; a retry may come from another address.
            let result = unsafe rest.withUnsafeBytes { unsafe SSL_write_ex(ssl, $0.baseAddress, $0.count, &count) }
            if result == 1 {
                rest = rest.dropFirst(count)
                await Reactor.shared.spend(count)
            } else if !(try await wait(for: unsafe SSL_get_error(ssl, result), tickets, until: deadline)) {
                throw .closed
            }
        }
    }

    func finishWriting() {
        guard transport.number != nil else { return }
        sendEnd()
        transport.finishWriting()
    }

    func close() {
        guard transport.number != nil else { return }
        sendEnd()
        transport.close()
    }

    /// Tells the other end that nothing was cut off (close_notify, RFC 8446 §6.1); a full buffer loses it, and that is
    /// all.
    private func sendEnd() {
        guard isEstablished, unsafe SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN == 0 else { return }
        TLSError.clear()
        _ = unsafe SSL_shutdown(ssl)
    }

    /// Decrypts what is there, up to `maximum` bytes, and says why it stopped.
    private func readRecords(atMost maximum: Int) -> (bytes: [UInt8], code: Int32) {
        var code = SSL_ERROR_NONE
        let (bytes, _) = unsafe Buffer.read(atMost: maximum) { buffer in
            let read = unsafe readRecords(into: buffer)
            code = read.code
            return Int32(read.count)
        }
        return (bytes, code)
    }

    /// Decrypts what is there, as far as there is room, and says why it stopped.
    private func readRecords(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, code: Int32) {
        var count = 0
        var code = SSL_ERROR_NONE
        // Safe because OpenSSL writes no more than the room that is left, and says how much; it gives one record a
        // call.
        while count < buffer.count && code == SSL_ERROR_NONE {
            var length = 0
            TLSError.clear()
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let result = unsafe SSL_read_ex(ssl, room.baseAddress, room.count, &length)
            if result == 1 { count += length } else { code = unsafe SSL_get_error(ssl, result) }
        }
        return (count, code)
    }

    /// Waits for what OpenSSL asked for. False: the other end has sent its end of stream.
    private func wait(
        for code: Int32, _ tickets: StreamTickets, until deadline: MonotonicTime
    ) async throws(StreamError) -> Bool {
        switch code {
        case SSL_ERROR_WANT_READ: try await transport.waitReadable(tickets, until: deadline)
        case SSL_ERROR_WANT_WRITE: try await transport.waitWritable(tickets, until: deadline)
        case SSL_ERROR_ZERO_RETURN: return false
        case SSL_ERROR_SYSCALL: throw StreamError(errorNumber: errno == 0 ? EPIPE : errno)
        default: throw failure()
        }
        return true
    }

    private func failure() -> StreamError {
        let isCutOff = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING
        let reason = TLSError.takeReason()
        return isCutOff ? .closed : .untrusted(reason)
    }
}
