internal import Platform

/// One log line before it is written. Whatever a value contains, it stays one line, and inside its field.
struct LogRecord {
    /// Microseconds since 1970.
    var time: Int64
    var level: LogLevel
    var message: String
    var fields: [(String, String)]

    /// `2026-11-21T04:10:14.123Z warning a message key=value other="two words"`.
    var text: String {
        var line = "\(Self.date(time, digits: 3)) \(level.name) \(Self.escaped(message))"
        for (key, value) in fields { line += " \(key)=\(Self.quotedIfNeeded(value))" }
        return line
    }

    /// One JSON object; the fields are members beside `time`, `level` and `message`. Its time has microseconds: what
    /// collects the lines of many servers can put them in order.
    var json: String {
        let date = Self.date(time, digits: 6)
        var line = "{\"time\":\"\(date)\",\"level\":\"\(level.name)\",\"message\":\(Self.quoted(message))"
        for (key, value) in fields { line += ",\(Self.quoted(key)):\(Self.quoted(value))" }
        return line + "}"
    }

    /// The line with its longest values cut, so that it is under `maximum` bytes and still of its format.
    func shortened(_ maximum: Int, _ format: LogSink.Format) -> [UInt8] {
        var short = self
        short.message = String(message.prefix(200))
        // An escaped character has up to 12 bytes.
        let room = max(8, maximum / (12 * (fields.count + 4)))
        short.fields = fields.prefix(40).map { ($0.0, $0.1.count <= room ? $0.1 : $0.1.prefix(room) + "…") }
        return Array((format == .text ? short.text : short.json).utf8.prefix(maximum - 1))
    }

    private static func quotedIfNeeded(_ value: String) -> String {
        let isPlain = value.unicodeScalars.allSatisfy {
            !isHidden($0) && $0 != " " && $0 != "\"" && $0 != "=" && $0 != "\\"
        }
        return isPlain && !value.isEmpty ? value : quoted(value)
    }

    private static func quoted(_ value: String) -> String { "\"" + escaped(value) + "\"" }

    /// Escaped as JSON strings are (RFC 8259 §7), and besides everything that a terminal obeys instead of showing it.
    private static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where isHidden(scalar):
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Controls, line separators, and marks that turn the reading direction.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value >= 0x20 && scalar.value < 0x7F { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: return true
        default: return false
        }
    }

    /// ISO 8601 in UTC with 1 to 6 digits of the second's fraction; days to dates after Howard Hinnant's
    /// `civil_from_days`.
    private static func date(_ microseconds: Int64, digits: Int) -> String {
        let (days, rest) = floorDivide(microseconds, 86_400_000_000)
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let seconds = rest / 1_000_000
        let time = "\(two(seconds / 3_600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
        let fraction = String(String(1_000_000 + rest % 1_000_000).dropFirst().prefix(digits))
        return "\(year)-\(two(month))-\(two(day))T\(time).\(fraction)Z"
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : String(number) }

    private static func floorDivide(_ number: Int64, _ divisor: Int64) -> (quotient: Int64, rest: Int64) {
        let rest = (number % divisor + divisor) % divisor
        return ((number - rest) / divisor, rest)
    }
}
