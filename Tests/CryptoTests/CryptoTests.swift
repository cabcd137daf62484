import Crypto
import Model
import Testing

private func bytes(_ hex: String) throws -> [UInt8] {
    try #require(Hexadecimal.bytes(hex.filter { $0 != " " }))
}

struct SHA256Tests {
    @Test func `SHA-256 gives the digests of FIPS 180-4`() {
        #expect(
            SHA256.hash(Array("abc".utf8)).description
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            SHA256.hash([UInt8]()).description == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func `a digest fed in pieces is the digest of the whole`() {
        let whole = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var digest = SHA256()
        var rest = whole[...]
        var length = 1
        while !rest.isEmpty {
            digest.update(rest.prefix(length))
            rest = rest.dropFirst(length)
            length = length * 3 + 1
        }
        #expect(digest.finish() == SHA256.hash(whole))
    }

    @Test func `a finished digest begins anew`() {
        var digest = SHA256()
        digest.update(Array("first".utf8))
        _ = digest.finish()
        digest.update(Array("abc".utf8))
        #expect(digest.finish() == SHA256.hash(Array("abc".utf8)))
    }
}

struct KeyedHashTests {
    @Test func `HMAC-SHA256 gives the codes of RFC 4231`() throws {
        let code = HMACSHA256.code(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
        #expect(code == (try bytes("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")))
        let long = HMACSHA256.code(
            Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            key: .init(repeating: 0xaa, count: 131))
        #expect(long == (try bytes("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")))
    }

    @Test func `an empty key is a key of its own, not the one before`() throws {
        _ = HMACSHA256.code([1], key: [9, 9, 9])
        let expected = try bytes("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
        #expect(HMACSHA256.code([], key: []) == expected)
    }

    @Test func `a code with one changed bit, or a part of one, is not valid`() {
        let message = Array("message".utf8)
        var code = HMACSHA256.code(message, key: [1, 2, 3])
        #expect(HMACSHA256.isValid(code, for: message, key: [1, 2, 3]))
        #expect(!HMACSHA256.isValid(code.prefix(16), for: message, key: [1, 2, 3]))
        code[31] ^= 1
        #expect(!HMACSHA256.isValid(code, for: message, key: [1, 2, 3]))
    }

    @Test func `HKDF-SHA256 gives the keys of RFC 5869, cases 1 and 3`() throws {
        let input = [UInt8](repeating: 0x0b, count: 22)
        let first = HKDFSHA256.derive(
            from: input, salt: try bytes("000102030405060708090a0b0c"), info: try bytes("f0f1f2f3f4f5f6f7f8f9"),
            length: 42)
        #expect(
            first
                == (try bytes("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")))
        let third = HKDFSHA256.derive(from: input, salt: [], info: [], length: 42)
        #expect(
            third
                == (try bytes("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")))
    }
}

struct AEADTests {
    @Test func `AES-128-GCM gives the ciphertext of the GCM specification, test case 4`() throws {
        let aead = try #require(AEAD(key: try bytes("feffe9928665731c6d6a8f9467308308")))
        let plaintext = try bytes(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
                + "b16aedf5aa0de657ba637b39")
        let additional = try bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2")
        let sealed = aead.seal(plaintext, nonce: try bytes("cafebabefacedbaddecaf888"), additional: additional)
        let expected = try bytes(
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05"
                + "1ba30b396a0aac973d58e091" + "5bc94fbc3221a5db94fae95ae7121a47")
        #expect(sealed == expected)
    }

    @Test(arguments: [16, 32]) func `what was sealed opens, and nothing else does`(length: Int) throws {
        let aead = try #require(AEAD(key: SystemRandom.bytes(length)))
        let nonce = SystemRandom.bytes(12)
        let sealed = aead.seal(Array("heartbeat".utf8), nonce: nonce, additional: [1])
        #expect(aead.open(sealed, nonce: nonce, additional: [1]) == Array("heartbeat".utf8))
        #expect(aead.open(sealed, nonce: nonce, additional: [2]) == nil)
        #expect(aead.open(sealed, nonce: SystemRandom.bytes(12), additional: [1]) == nil)
        #expect(try #require(AEAD(key: SystemRandom.bytes(length))).open(sealed, nonce: nonce, additional: [1]) == nil)
        for index in sealed.indices {
            var forged = sealed
            forged[index] ^= 0x40
            #expect(aead.open(forged, nonce: nonce, additional: [1]) == nil)
        }
        for cut in 0..<sealed.count {
            #expect(aead.open(Array(sealed.prefix(cut)), nonce: nonce, additional: [1]) == nil)
        }
        #expect(aead.open(sealed, nonce: [1, 2, 3], additional: [1]) == nil)
    }

    @Test func `an empty message is sealed as its tag alone`() throws {
        let aead = try #require(AEAD(key: SystemRandom.bytes(32)))
        let sealed = aead.seal([], nonce: .init(repeating: 0, count: 12))
        #expect(sealed.count == AEAD.tagLength)
        #expect(aead.open(sealed, nonce: .init(repeating: 0, count: 12)) == [])
    }

    @Test func `a key of another length is no key`() {
        #expect(AEAD(key: .init(repeating: 0, count: 31)) == nil)
    }
}

struct Base64Tests {
    @Test func `url text is read back and differs in no byte`() {
        for count in 0..<70 {
            let bytes = SystemRandom.bytes(count)
            #expect(Base64.urlBytes(Base64.urlText(bytes)) == bytes)
            #expect(Base64.bytes(Base64.text(bytes)) == bytes)
        }
    }

    @Test(arguments: ["a", "ab=", "a+bc", "a/bc", "ab c", "aaB", "é", "abcde"])
    func `text that nobody wrote is refused`(text: String) {
        #expect(Base64.urlBytes(text) == nil)
    }
}
