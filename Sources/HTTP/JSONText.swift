internal import FoundationEssentials

/// JSON as the API writes it: sorted keys, so that equal values are equal bytes on every server, and plain slashes.
package enum JSONText {
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}

/// The body of every error answer.
package struct ErrorBody: Hashable, Sendable, Codable {
    /// What stands under `error`.
    package struct Content: Hashable, Sendable, Codable {
        package var code: String
        package var message: String
    }

    package var error: Content

    package init(_ error: APIError) { self.error = Content(code: error.code, message: error.message) }
}
