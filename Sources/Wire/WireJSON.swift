internal import FoundationEssentials

/// JSON as Rondo writes it everywhere: keys sorted, so that equal values are equal bytes; slashes as they are.
package enum WireJSON {
    package static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            // Only a number that JSON lacks (a NaN) can fail here, and no message of ours holds a floating-point
            // number.
            fatalError("invariant broken: \(type(of: value)) cannot be written as JSON: \(error)")
        }
    }

    /// - Throws: `WireJSONError` for bytes that are not this type's JSON.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(WireJSONError) -> Value
    {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw WireJSONError(reason: "\(error)")
        }
    }
}

/// Bytes that are not the JSON that was expected; the reason is for the log.
package struct WireJSONError: Error, Hashable, Sendable {
    package let reason: String
}
