internal import Crypto
package import Model

/// Where a page of songs ended: the sort keys of its last song. Opaque to clients, who only hand it back.
///
/// It names an order and a place, not a row: a song that is added, edited or deleted between two pages shifts nothing.
package struct SongCursor: Hashable, Sendable {
    /// What the list is sorted by, as the last song of the page has it.
    package enum Key: Hashable, Sendable {
        case number(Int64)
        case text(String)
        case id(SongID)
    }

    package let order: SongOrder
    package let keys: [Key]

    package init(order: SongOrder, keys: [Key]) {
        self.order = order
        self.keys = keys
    }

    /// Reads a cursor that a client hands back; nil for one that was never given out, or for another order.
    package init?(_ text: String, order: SongOrder) {
        guard text.utf8.count <= 16_384, let bytes = Base64.urlBytes(text), bytes.count > 5 else { return nil }
        let body = Array(bytes.dropFirst(4))
        guard Array(SHA256.hash(body).bytes.prefix(4)) == Array(bytes.prefix(4)) else { return nil }
        var reader = EntryReader(body)
        guard let place = reader.byte(), Int(place) < SongOrder.allCases.count, SongOrder.allCases[Int(place)] == order
        else { return nil }
        var keys: [Key] = []
        while !reader.isAtEnd {
            guard let key = Self.key(&reader) else { return nil }
            keys.append(key)
        }
        self.init(order: order, keys: keys)
    }

    /// Base64url: four bytes of a checksum, which keep a mangled cursor from naming some other place, and the keys.
    package var text: String {
        var writer = EntryWriter()
        writer.byte(UInt8(truncatingIfNeeded: SongOrder.allCases.firstIndex(of: order) ?? 0))
        for key in keys {
            switch key {
            case .number(let number):
                writer.byte(1)
                writer.integer(number)
            case .text(let text):
                writer.byte(2)
                writer.text(text)
            case .id(let id):
                writer.byte(3)
                writer.wide(id.value)
            }
        }
        return Base64.urlText(SHA256.hash(writer.bytes).bytes.prefix(4) + writer.bytes)
    }

    private static func key(_ reader: inout EntryReader) -> Key? {
        switch reader.byte() {
        case 1: reader.integer().map(Key.number)
        case 2: reader.text().map(Key.text)
        case 3: reader.wide().map { .id(SongID($0)) }
        default: nil
        }
    }
}

extension SongQuery {
    /// Whether the cursor is absent, or one that a page of this order gave out: anything else is the client's mistake.
    package var hasValidCursor: Bool { cursor.map { SongCursor($0, order: order) != nil } ?? true }
}
