import Crypto
import Model
import Testing

struct ClusterKeyTests {
    @Test func `a key's text is read back, with one line end behind it`() throws {
        let key = ClusterKey()
        #expect(try ClusterKey(text: key.text) == key)
        #expect(try ClusterKey(text: key.text + "\n") == key)
        #expect(try ClusterKey(text: key.text + "\r\n") == key)
        #expect(key.text.hasPrefix("rondo1-"))
        #expect(key.text.utf8.count == 7 + 48)
    }

    @Test func `a key that was cut off anywhere is refused`() {
        let text = ClusterKey().text
        for length in 1..<text.count {
            #expect(throws: ClusterKeyError.self) { try ClusterKey(text: String(text.prefix(length))) }
        }
    }

    @Test func `a key with one changed character is refused`() {
        let text = Array(ClusterKey().text)
        for index in 7..<text.count {
            var changed = text
            changed[index] = changed[index] == "A" ? "B" : "A"
            #expect(throws: ClusterKeyError.damaged) { try ClusterKey(text: String(changed)) }
        }
    }

    @Test func `an empty file, a password and two keys are told apart from a damaged key`() {
        #expect(throws: ClusterKeyError.empty) { try ClusterKey(text: "\n") }
        #expect(throws: ClusterKeyError.notAKey) { try ClusterKey(text: "correct horse battery staple") }
        let text = ClusterKey().text
        #expect(throws: ClusterKeyError.damaged) { try ClusterKey(text: text + "\n" + text) }
        #expect(throws: ClusterKeyError.damaged) { try ClusterKey(text: text + "\n\n") }
    }

    @Test func `a key never prints`() {
        let key = ClusterKey()
        let secret = key.text.dropFirst(7).prefix(8)
        var dumped = ""
        dump(key, to: &dumped)
        for text in [
            "\(key)", String(reflecting: key), String(describing: [key]), "\(Mirror(reflecting: key))", dumped,
        ] {
            #expect(!text.contains(secret))
            #expect(!text.contains("secret"))
        }
    }

    @Test func `two new keys differ, and so does everything derived from them`() {
        let keys = [ClusterKey(), ClusterKey()]
        #expect(keys[0] != keys[1])
        let derived = keys.flatMap {
            [$0.clusterID, $0.peerKey, $0.datagramKey, $0.tsigSecret, Array($0.peerIdentity.utf8)]
        }
        #expect(Set(derived).count == 10)
    }

    @Test func `the derived keys are those that clusters already use`() {
        var generator = SeededGenerator(seed: 1)
        let key = ClusterKey(using: &generator)
        #expect(key.text == "rondo1-wVwCiewtCpFn7I5loY3rvl5VMvvuopP4C8lC7pCGwXGO5E9Y")
        #expect(Hexadecimal.text(key.clusterID) == "b525c0535cf78134f9c44550614a2fb9")
        #expect(Hexadecimal.text(key.peerKey) == "d50ca74d4ee6b1285b74c711cae7e81ce5974644967a2bd0aa711bbaa9b06358")
        #expect(Hexadecimal.text(key.datagramKey) == "7377a2b50319d8e298cd52ea37f5e0cb7553b52f526bacecf474dcedd4316fe4")
        #expect(key.tsigArgument == "hmac-sha256:rondo-key.:gRo7FzWD9UJaoF74d8++bYEPvtyiRmb21fv+waPf760=")
        #expect(key.peerIdentity.utf8.count <= 128)
    }
}
