import Model

/// A JSON value of a field that this version does not know.
package enum UnknownField: Hashable, Sendable, Codable {
    case null
    case bool(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    case number(Double)
    case text(String)
    case list([UnknownField])
    case object([String: UnknownField])

    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let unsigned = try? value.decode(UInt64.self) {
            self = .unsigned(unsigned)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([UnknownField].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: UnknownField].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .bool(let bool): try value.encode(bool)
        case .integer(let integer): try value.encode(integer)
        case .unsigned(let unsigned): try value.encode(unsigned)
        case .number(let number): try value.encode(number)
        case .text(let text): try value.encode(text)
        case .list(let list): try value.encode(list)
        case .object(let object): try value.encode(object)
        }
    }
}

/// Any field's name.
struct FieldName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Decoder {
    /// The fields for which `isKnown` says no, at most 32 of them.
    func unknownFields(except isKnown: (String) -> Bool) throws -> [String: UnknownField] {
        let fields = try container(keyedBy: FieldName.self)
        var unknown: [String: UnknownField] = [:]
        let names = fields.allKeys.filter { !isKnown($0.stringValue) }.sorted { $0.stringValue < $1.stringValue }
        for name in names.prefix(32) {
            unknown[name.stringValue] = try fields.decode(UnknownField.self, forKey: name)
        }
        return unknown
    }
}

extension Encoder {
    func encodeUnknown(_ unknown: [String: UnknownField]) throws {
        guard !unknown.isEmpty else { return }
        var fields = container(keyedBy: FieldName.self)
        for (name, value) in unknown { try fields.encode(value, forKey: FieldName(stringValue: name)) }
    }
}
