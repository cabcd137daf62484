/// Text and numbers for HTML and SVG.
enum MarkupText {
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    /// A number with so many digits behind the point.
    static func number(_ value: Double, digits: Int = 1) -> String {
        var unit = 1.0
        for _ in 0..<digits { unit *= 10 }
        let whole = Int64((value.magnitude * unit).rounded())
        let sign = value < 0 && whole != 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(whole)" }
        let fraction = "\(whole % Int64(unit))"
        return "\(sign)\(whole / Int64(unit))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    /// `1,234,567`.
    static func grouped(_ value: Int) -> String {
        var text = ""
        for (index, digit) in "\(value)".reversed().enumerated() {
            if index > 0, index.isMultiple(of: 3), digit != "-" { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
