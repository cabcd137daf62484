internal import COpenSSL
package import Model

/// The SHA-256 of bytes that come in pieces (FIPS 180-4). All of Rondo's content names are made here.
///
/// It moves but is never copied, so that two owners cannot feed one digest.
@safe
package struct SHA256: ~Copyable, @unchecked Sendable {
    // Safe because this value is the context's only owner and cannot be copied.
    private let context: OpaquePointer

    package init() {
        guard let context = unsafe EVP_MD_CTX_new() else { fatalError("no memory for a SHA-256") }
        unsafe self.context = context
        begin()
    }

    // Safe because nobody else has the pointer and this runs once.
    deinit { unsafe EVP_MD_CTX_free(context) }

    /// Appends `bytes` to what is hashed.
    package mutating func update(_ bytes: [UInt8]) {
        // Safe because bytes have no padding to read.
        update(unsafe bytes.span.bytes)
    }

    /// Appends `bytes` to what is hashed.
    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        // Safe because bytes have no padding to read.
        update(unsafe bytes.span.bytes)
    }

    /// Appends `bytes` to what is hashed.
    package mutating func update(_ bytes: RawSpan) {
        // Safe because OpenSSL reads exactly the span's bytes during the call.
        let done = unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        guard done == 1 else { fatalError("SHA-256 failed") }
    }

    /// The hash of all bytes so far; afterwards the digest is empty again, ready for the next ones.
    package mutating func finish() -> ContentHash {
        var digest = [UInt8](repeating: 0, count: 32)
        // Safe because the array has room for the 32 bytes of a SHA-256.
        let done = unsafe digest.withUnsafeMutableBufferPointer {
            unsafe EVP_DigestFinal_ex(context, $0.baseAddress, nil)
        }
        guard done == 1, let hash = ContentHash(bytes: digest) else { fatalError("SHA-256 failed") }
        begin()
        return hash
    }

    /// The hash of `bytes` at once.
    package static func hash(_ bytes: [UInt8]) -> ContentHash {
        // Safe because bytes have no padding to read.
        hash(unsafe bytes.span.bytes)
    }

    /// The hash of `bytes` at once.
    package static func hash(_ bytes: ArraySlice<UInt8>) -> ContentHash {
        // Safe because bytes have no padding to read.
        hash(unsafe bytes.span.bytes)
    }

    /// The hash of `bytes` at once.
    package static func hash(_ bytes: RawSpan) -> ContentHash {
        var digest = SHA256()
        digest.update(bytes)
        return digest.finish()
    }

    private func begin() {
        // Safe because context and algorithm are valid for as long as this value lives.
        guard unsafe EVP_DigestInit_ex(context, Self.algorithm, nil) == 1 else { fatalError("OpenSSL has no SHA-256") }
    }

    // Safe because OpenSSL never changes a fetched algorithm, and this one is never freed.
    nonisolated(unsafe) private static let algorithm: OpaquePointer? = unsafe EVP_MD_fetch(nil, "SHA256", nil)
}
