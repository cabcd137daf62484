import Model
import Testing

@testable import Catalogue

@Suite struct CatalogueTextTests {
    /// Every text of ASCII takes the short way, which must lead to where the long one does: ids depend on it.
    @Test func `Text that is ASCII is folded as Unicode folds it`() {
        for byte in UInt8(0)..<0x80 {
            let scalar = String(Unicode.Scalar(byte))
            for text in [scalar, "a\(scalar)B", "\(scalar)A \(scalar)", "\(scalar)\(scalar)z"] {
                #expect(CatalogueText.identity(text) == CatalogueText.unicodeIdentity(text), "\(byte)")
                #expect(CatalogueText.folded(text) == CatalogueText.unicodeFolded(text), "\(byte)")
            }
        }
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<5_000 {
            let length = Int.random(in: 0..<30, using: &generator)
            let bytes = (0..<length).map { _ in UInt8.random(in: 0..<0x80, using: &generator) }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(CatalogueText.identity(text) == CatalogueText.unicodeIdentity(text), "\(bytes)")
            #expect(CatalogueText.folded(text) == CatalogueText.unicodeFolded(text), "\(bytes)")
        }
    }

    @Test(arguments: [
        ("Straße", "strasse", "strasse"), ("ﬁn", "fin", "fin"), ("Éa\u{a0} B", "éa b", "ea b"),
        ("  A \t\r\n b  ", "a b", "a b"), ("", "", ""), (" ", "", ""),
    ])
    func `Other text is folded by the tables`(text: String, identity: String, folded: String) {
        #expect(CatalogueText.identity(text) == identity)
        #expect(CatalogueText.folded(text) == folded)
    }
}
