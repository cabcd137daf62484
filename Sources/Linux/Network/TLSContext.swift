internal import COpenSSL
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
@safe
private final class TLSKeys: Sendable {
    let secrets: [PeerSecret]
    /// The first secret's identity, for as long as a handshake may point to it.
    // Safe because it is written once, in init, and freed when nothing refers to this object any more.
    nonisolated(unsafe) let identity: UnsafeMutableBufferPointer<UInt8>

    init(_ secrets: [PeerSecret]) {
        self.secrets = secrets
        let bytes = Array((secrets.first?.identity ?? "").utf8)
        unsafe identity = .allocate(capacity: bytes.count)
        _ = unsafe identity.initialize(fromContentsOf: bytes)
    }

    deinit { unsafe identity.deallocate() }

    static func of(_ ssl: OpaquePointer?) -> TLSKeys? {
        guard let ssl = unsafe ssl, let context = unsafe SSL_get_SSL_CTX(ssl),
            let keys = unsafe SSL_CTX_get_ex_data(context, TLSContext.keysIndex)
        else { return nil }
        // Safe because TLSContext put it there and outlives every connection's handshake.
        return unsafe Unmanaged<TLSKeys>.fromOpaque(keys).takeUnretainedValue()
    }
}

/// A client's key, with its name.
private func useSession(
    _ ssl: OpaquePointer?, _: OpaquePointer?, _ identity: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ length: UnsafeMutablePointer<Int>?, _ session: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    // Safe because OpenSSL passes places for all three results, and copies the identity before the handshake goes on.
    guard let keys = unsafe TLSKeys.of(ssl), let secret = keys.secrets.first,
        let made = unsafe makeSession(ssl, secret.key)
    else { return 0 }
    unsafe identity?.pointee = UnsafePointer(keys.identity.baseAddress)
    unsafe length?.pointee = keys.identity.count
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
    guard let secret = keys.secrets.first(where: { Array($0.identity.utf8) == name }) else { return 1 }
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
