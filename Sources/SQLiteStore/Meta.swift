internal import Catalogue
internal import Model
internal import Platform

/// The single values of the database: its life, its highest stamp, the number of songs that are alive.
extension Connection {
    func meta(_ name: String) throws(StoreError) -> [UInt8]? {
        try row("SELECT value FROM meta WHERE name = ?", [.text(name)]) { $0.bytes(0) }
    }

    func setMeta(_ name: String, _ value: [UInt8]) throws(StoreError) {
        try execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", [.text(name), .bytes(value)])
    }

    /// Songs that are alive; kept as a number, since counting a million rows takes longer than a page may.
    func songCount() throws(StoreError) -> Int {
        Int(try row("SELECT value FROM meta WHERE name = 'alive'") { $0.integer(0) } ?? 0)
    }

    func addToSongCount(_ difference: Int) throws(StoreError) {
        guard difference != 0 else { return }
        try execute(
            "INSERT INTO meta (name, value) VALUES ('alive', ?1) ON CONFLICT (name) DO UPDATE SET value = value + ?1",
            [.integer(Int64(difference))])
    }

    func highestStamp() throws(StoreError) -> Stamp? {
        guard let bytes = try meta("highest") else { return nil }
        var reader = EntryReader(bytes)
        guard let stamp = EntryCodec.stamp(&reader) else { throw .corrupt }
        return stamp
    }

    func raiseHighestStamp(to stamp: Stamp) throws(StoreError) {
        if let highest = try highestStamp(), highest >= stamp { return }
        var writer = EntryWriter()
        EntryCodec.write(stamp, to: &writer)
        try setMeta("highest", writer.bytes)
    }
}

/// 16 bytes that SQLite compares as the number is compared.
func blob(_ value: UInt128) -> SQLValue {
    var writer = EntryWriter()
    writer.wide(value)
    return .bytes(writer.bytes)
}

/// The number in 16 bytes of a column.
func wide(_ bytes: [UInt8]) throws(StoreError) -> UInt128 {
    var reader = EntryReader(bytes)
    guard let value = reader.wide(), reader.isAtEnd else { throw .corrupt }
    return value
}
