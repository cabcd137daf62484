internal import Catalogue
internal import HTTP
internal import Model

/// Reads the parameters of a query; what is wrong is said with the parameter's name.
struct QueryReader {
    /// Characters of a search text.
    static let textLength = 200

    private var values: [String: String] = [:]

    /// - Throws: 400 `bad_parameter` for one that is given twice.
    init(_ query: QueryItems) throws(APIError) {
        for (name, value) in query.items {
            guard values.updateValue(value, forKey: name) == nil else { throw Self.bad(name, "is given twice") }
        }
    }

    static func bad(_ name: String, _ what: String) -> APIError {
        APIError(400, "bad_parameter", "The parameter \(name) \(what).")
    }

    /// Nil when absent or empty.
    func text(_ name: String) throws(APIError) -> String? {
        guard let value = values[name], !value.isEmpty else { return nil }
        guard value.unicodeScalars.count <= Self.textLength else {
            throw Self.bad(name, "is longer than \(Self.textLength) characters")
        }
        return value
    }

    func number(_ name: String, in range: ClosedRange<Int64>, default standard: Int64) throws(APIError) -> Int64 {
        guard let value = values[name] else { return standard }
        guard value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(value), range.contains(number)
        else {
            let bound =
                range.upperBound == .max
                ? "from \(range.lowerBound) up" : "from \(range.lowerBound) to \(range.upperBound)"
            throw Self.bad(name, "must be a whole number \(bound)")
        }
        return number
    }

    /// What `GET /api/v1/artists` and its like ask for.
    func groupQuery() throws(APIError) -> (limit: Int, cursor: String?) {
        (Int(try number("limit", in: 1...500, default: 500)), values["cursor"].flatMap { $0.isEmpty ? nil : $0 })
    }

    /// What `GET /api/v1/songs` asks for.
    func songQuery() throws(APIError) -> SongQuery {
        var query = SongQuery(
            words: try text("q"), title: try text("title"), artist: try text("artist"), album: try text("album"),
            genre: try text("genre"), limit: Int(try number("limit", in: 1...500, default: 50)))
        if let order = values["sort"] {
            guard let known = SongOrder(rawValue: order) else {
                throw Self.bad("sort", "must be one of \(SongOrder.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            query.order = known
        }
        if let text = values["sha256"] {
            guard let hash = ContentHash(text) else { throw Self.bad("sha256", "must be 64 hexadecimal digits") }
            query.sha256 = hash
        }
        if let cursor = values["cursor"], !cursor.isEmpty {
            query.cursor = cursor
            guard query.hasValidCursor else {
                throw Self.bad("cursor", "must be the next of a page in the same order")
            }
        }
        return query
    }
}
