internal import COpenSSL
internal import Crypto
internal import Glibc
internal import Model
internal import Platform

/// OpenSSL's settings for one side and one list of secrets: TLS 1.3, one cipher, an external PSK, and nothing else.
@Loop
@safe
final class TLSContext {
    // Safe because both are used on the loop only, and OpenSSL counts the references of the connections to the context.
    let pointer: OpaquePointer
    private let keys: TLSKeys

    private static let version = Int(TLS1_3_VERSION)
    /// The hash of the PSK is bound to the cipher suite's (RFC 8446 §4.2.11), so there is one suite.
    fileprivate nonisolated static let suite = "TLS_AES_128_GCM_SHA256"
    fileprivate nonisolated static let suiteNumber: [UInt8] = [0x13, 0x01]
    fileprivate nonisolated static let keysIndex: Int32 = 0

    init(_ side: StreamSide, _ secrets: [PeerSecret]) throws(StreamError) {
        let method = unsafe side == .server ? TLS_server_method() : TLS_client_method()
        guard let context = unsafe SSL_CTX_new(method) else { throw .untrusted(TLSError.takeReason()) }
        unsafe pointer = context
        keys = TLSKeys(secrets)
        unsafe SSL_CTX_set_ex_data(context, Self.keysIndex, Unmanaged.passUnretained(keys).toOpaque())
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Self.version, nil)
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Self.version, nil)
        unsafe SSL_CTX_set_ciphersuites(context, Self.suite)
        let mode =
            SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(mode), nil)
        // Four records a system call instead of half of one.
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_READ_AHEAD, 1, nil)
        unsafe SSL_CTX_set_default_read_buffer_len(context, Buffer.maximum)
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
        switch side {
        case .server:
            unsafe SSL_CTX_set_num_tickets(context, 0)
            unsafe SSL_CTX_set_psk_find_session_callback(context, findSession)
        case .client:
            // Without this line a server that has any certificate at all, and no key, would be believed.
            unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
            unsafe SSL_CTX_set_psk_use_session_callback(context, useSession)
        }
    }

    isolated deinit { unsafe SSL_CTX_free(pointer) }
}

/// The contexts in use; a server has two or three, and a few more while keys are changed.
@Loop
final class TLSContexts {
    private struct Key: Hashable {
        let isServer: Bool
        let identities: [String]
        let keys: [[UInt8]]
    }

    private var contexts: [Key: TLSContext] = [:]
    private static let maximum = 16

    func context(_ side: StreamSide, _ secrets: [PeerSecret]) throws(StreamError) -> TLSContext {
        let key = Key(isServer: side == .server, identities: secrets.map(\.identity), keys: secrets.map(\.key))
        if let known = contexts[key] { return known }
        if contexts.count >= Self.maximum { contexts.removeAll() }
        let context = try TLSContext(side, secrets)
        contexts[key] = context
        return context
    }
}

/// The secrets in the form in which OpenSSL's callbacks need them.
///
/// A ClientHello shows its PSK identity to everybody on the way (RFC 8446 §4.2.11), so what is sent there is another
/// one for each handshake: 16 random bytes and their HMAC under a key made of the secret. Who has the secret knows it
/// by that; for everybody else no two have anything in common.
@safe
private final class TLSKeys: Sendable {
    private struct Mark {
        let secret: PeerSecret
        let key: [UInt8]
    }

    private static let saltLength = 16
    private static let identityLength = saltLength + HMACSHA256.length
    private let marks: [Mark]
    /// The identity of the handshake under way, for as long as OpenSSL needs to copy it.
    // Safe because it is written and read on the loop only, and freed when nothing refers to this object any more.
    nonisolated(unsafe) private let buffer: UnsafeMutableBufferPointer<UInt8>

    init(_ secrets: [PeerSecret]) {
        marks = secrets.map { secret in
            Mark(
                secret: secret,
                key: HKDFSHA256.derive(from: secret.key, info: "rondo peer identity \(secret.identity)"))
        }
        unsafe buffer = .allocate(capacity: Self.identityLength)
        unsafe buffer.initialize(repeating: 0)
    }

    deinit { unsafe buffer.deallocate() }

    /// The secret to prove, and a fresh identity for it.
    func introduce() -> (secret: PeerSecret, identity: UnsafeBufferPointer<UInt8>)? {
        guard let mark = marks.first else { return nil }
        let salt = SystemRandom.bytes(Self.saltLength)
        for (index, byte) in (salt + HMACSHA256.code(salt, key: mark.key)).enumerated() { unsafe buffer[index] = byte }
        return unsafe (mark.secret, UnsafeBufferPointer(buffer))
    }

    /// The secret that an identity was made with; nil for another cluster's, and for noise.
    func secret(of identity: [UInt8]) -> PeerSecret? {
        guard identity.count == Self.identityLength else { return nil }
        let salt = Array(identity.prefix(Self.saltLength))
        let code = identity.dropFirst(Self.saltLength)
        return marks.first { HMACSHA256.isValid(code, for: salt, key: $0.key) }?.secret
    }

    static func of(_ ssl: OpaquePointer?) -> TLSKeys? {
        guard let ssl = unsafe ssl, let context = unsafe SSL_get_SSL_CTX(ssl),
            let keys = unsafe SSL_CTX_get_ex_data(context, TLSContext.keysIndex)
        else { return nil }
        // Safe because TLSContext put it there and outlives every connection's handshake.
        return unsafe Unmanaged<TLSKeys>.fromOpaque(keys).takeUnretainedValue()
    }
}

/// A client's key, with its name for this handshake.
private func useSession(
    _ ssl: OpaquePointer?, _: OpaquePointer?, _ identity: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ length: UnsafeMutablePointer<Int>?, _ session: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    // Safe because OpenSSL passes places for all three results, and copies the identity before the handshake goes on.
    guard let keys = unsafe TLSKeys.of(ssl), let (secret, name) = unsafe keys.introduce(),
        let made = unsafe makeSession(ssl, secret.key)
    else { return 0 }
    unsafe identity?.pointee = name.baseAddress
    unsafe length?.pointee = name.count
    unsafe session?.pointee = made
    return 1
}

/// The key that a client names; none when the server has no such key, which ends the handshake.
private func findSession(
    _ ssl: OpaquePointer?, _ identity: UnsafePointer<UInt8>?, _ length: Int,
    _ session: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    unsafe session?.pointee = nil
    guard let keys = unsafe TLSKeys.of(ssl), let identity = unsafe identity else { return 1 }
    // Safe because OpenSSL gives the length of what it points to.
    let name = unsafe [UInt8](UnsafeBufferPointer(start: identity, count: length))
    guard let secret = keys.secret(of: name) else { return 1 }
    unsafe session?.pointee = makeSession(ssl, secret.key)
    return 1
}

private func makeSession(_ ssl: OpaquePointer?, _ key: [UInt8]) -> OpaquePointer? {
    // Safe because OpenSSL copies the key, and whoever gets the session frees it.
    guard let ssl = unsafe ssl, let suite = unsafe SSL_CIPHER_find(ssl, TLSContext.suiteNumber),
        let session = unsafe SSL_SESSION_new()
    else { return nil }
    guard unsafe SSL_SESSION_set1_master_key(session, key, key.count) == 1,
        unsafe SSL_SESSION_set_cipher(session, suite) == 1,
        unsafe SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1
    else {
        unsafe SSL_SESSION_free(session)
        return nil
    }
    return unsafe session
}

/// OpenSSL's own words for what went wrong.
enum TLSError {
    /// What SSL_get_error(3) asks for before each call: it looks at what the thread's last errors were.
    static func clear() {
        ERR_clear_error()
        errno = 0
    }

    /// The oldest error in this thread's queue, which is emptied.
    static func takeReason() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        // Safe because OpenSSL's reasons are constants.
        guard code != 0, let reason = unsafe ERR_reason_error_string(code) else { return "the TLS library failed" }
        return unsafe String(cString: reason)
    }
}
