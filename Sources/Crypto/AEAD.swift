internal import COpenSSL

/// Authenticated encryption with AES-GCM (NIST SP 800-38D): AES-128 for a key of 16 bytes, AES-256 for one of 32.
///
/// A nonce must never be used twice with one key; whoever seals sees to that.
package struct AEAD: Sendable {
    /// In bytes.
    package static let nonceLength = 12
    /// What sealing adds, in bytes.
    package static let tagLength = 16

    private let key: [UInt8]

    /// - Parameter key: 16 or 32 bytes; nil for another length.
    package init?(key: [UInt8]) {
        guard key.count == 16 || key.count == 32 else { return nil }
        self.key = key
    }

    /// The ciphertext with the tag at its end.
    /// - Parameter nonce: 12 bytes.
    package func seal(_ plaintext: [UInt8], nonce: [UInt8], additional: [UInt8] = []) -> [UInt8] {
        precondition(nonce.count == Self.nonceLength, "an AES-GCM nonce has 12 bytes")
        let pass = Pass(key: key, nonce: nonce, encrypts: true)
        guard pass.authenticate(additional), var sealed = pass.transform(plaintext), pass.finish(),
            let tag = pass.tag()
        else { fatalError("AES-GCM failed") }
        sealed += tag
        return sealed
    }

    /// The plaintext, or nil when key, nonce, additional data or a single bit differ from what was sealed.
    package func open(_ sealed: [UInt8], nonce: [UInt8], additional: [UInt8] = []) -> [UInt8]? {
        guard nonce.count == Self.nonceLength, sealed.count >= Self.tagLength else { return nil }
        let pass = Pass(key: key, nonce: nonce, encrypts: false)
        let ciphertext = Array(sealed.dropLast(Self.tagLength))
        guard pass.authenticate(additional), let plaintext = pass.transform(ciphertext),
            pass.expect(Array(sealed.suffix(Self.tagLength))), pass.finish()
        else { return nil }
        return plaintext
    }
}

/// One sealing or opening.
@safe
private struct Pass: ~Copyable {
    private let context: OpaquePointer

    init(key: [UInt8], nonce: [UInt8], encrypts: Bool) {
        guard let context = unsafe EVP_CIPHER_CTX_new() else { fatalError("no memory for AES-GCM") }
        unsafe self.context = context
        let cipher = unsafe key.count == 16 ? Self.aes128 : Self.aes256
        // Safe because key and nonce have the lengths that the cipher reads.
        let begun = unsafe EVP_CipherInit_ex(context, cipher, nil, key, nonce, encrypts ? 1 : 0)
        guard begun == 1 else { fatalError("OpenSSL has no AES-GCM") }
    }

    // Safe because this value is the context's only owner.
    deinit { unsafe EVP_CIPHER_CTX_free(context) }

    func authenticate(_ additional: [UInt8]) -> Bool {
        guard !additional.isEmpty else { return true }
        var written: Int32 = 0
        // Safe because without an output only `additional` is read.
        return unsafe EVP_CipherUpdate(context, nil, &written, additional, Int32(additional.count)) == 1
    }

    func transform(_ input: [UInt8]) -> [UInt8]? {
        guard !input.isEmpty else { return [] }
        var output = [UInt8](repeating: 0, count: input.count)
        var written: Int32 = 0
        // Safe because GCM writes as many bytes as it reads.
        let done = unsafe EVP_CipherUpdate(context, &output, &written, input, Int32(input.count))
        return done == 1 && Int(written) == input.count ? output : nil
    }

    /// Checks the tag when opening.
    func finish() -> Bool {
        var rest = [UInt8](repeating: 0, count: 16)
        var written: Int32 = 0
        // Safe because GCM leaves nothing for the end, and a block has room for more than that.
        return unsafe EVP_CipherFinal_ex(context, &rest, &written) == 1
    }

    func tag() -> [UInt8]? {
        var tag = [UInt8](repeating: 0, count: AEAD.tagLength)
        // Safe because the array has the length that is named.
        let done = unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(AEAD.tagLength), &tag)
        return done == 1 ? tag : nil
    }

    func expect(_ tag: [UInt8]) -> Bool {
        var tag = tag
        // Safe because the array has the length that is named; OpenSSL copies it.
        return unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(AEAD.tagLength), &tag) == 1
    }

    // Safe because OpenSSL never changes a fetched cipher, and these are never freed.
    nonisolated(unsafe) private static let aes128: OpaquePointer? = unsafe EVP_CIPHER_fetch(nil, "AES-128-GCM", nil)
    nonisolated(unsafe) private static let aes256: OpaquePointer? = unsafe EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
}
