internal import Model

/// Makes a song's searchable fields of the names and values that libav found.
struct TagReader {
    private var values: [String: String] = [:]

    /// A long field is cut here, in bytes of UTF-8, so that one upload cannot fill every server's catalogue.
    private static let maximumLength = 1000

    /// Adds a pair; the first value of a name counts. Names are compared without case.
    mutating func add(_ name: String, _ value: String) {
        let text = Self.clean(value)
        if !text.isEmpty && values[name.lowercased()] == nil { values[name.lowercased()] = text }
    }

    var tags: SongTags {
        SongTags(
            title: values["title"],
            artist: values["artist"] ?? values["album_artist"] ?? values["albumartist"]
                ?? values["author"],
            album: values["album"], genre: values["genre"], year: year, track: track)
    }

    /// The first four digits in a row that are a year, of `2012-12-15`, `15.12.2012` or `2012`.
    private var year: Int? {
        for name in ["date", "year", "originaldate", "creation_time"] {
            let runs = values[name, default: ""].split { !("0"..."9").contains($0) }
            if let year = runs.first(where: { $0.utf8.count == 4 }).flatMap({ Int($0) }), year > 0 { return year }
        }
        return nil
    }

    /// Of `3`, `03` or `3/12`.
    private var track: Int? {
        let text = values["track"] ?? values["tracknumber"] ?? ""
        guard let number = Int(text.prefix { ("0"..."9").contains($0) }), (1...99_999).contains(number) else {
            return nil
        }
        return number
    }

    private static func clean(_ value: String) -> String {
        var scalars = String.UnicodeScalarView()
        var length = 0
        for scalar in value.unicodeScalars.drop(while: isSpace) {
            length += UTF8.width(scalar)
            if length > maximumLength { break }
            scalars.append(scalar.properties.generalCategory == .control ? " " : scalar)
        }
        while let last = scalars.last, isSpace(last) { scalars.removeLast() }
        return String(scalars)
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
    }
}
