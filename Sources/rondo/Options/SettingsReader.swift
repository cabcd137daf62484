import Model

/// Turns the texts of an invocation into checked values, and collects what is wrong with them.
struct SettingsReader {
    let invocation: Invocation
    private(set) var faults: [Fault]

    init(_ invocation: Invocation, faults: [Fault] = []) {
        self.invocation = invocation
        self.faults = faults
    }

    mutating func add(_ fault: Fault) { faults.append(fault) }

    func text(_ name: String) -> String? { invocation.settings[name]?.text }

    /// Reads a value with `parse`; where that is nil, notes what was expected and returns nil.
    mutating func value<Value>(_ name: String, _ expected: String, _ parse: (String) -> Value?) -> Value? {
        guard let setting = invocation.settings[name] else { return nil }
        if let value = parse(setting.text) { return value }
        faults.append(.usage("\(setting.origin): “\(setting.text)” is not \(expected)"))
        return nil
    }

    mutating func flag(_ name: String) -> Bool {
        value(name, "yes or no") { text in
            switch text.lowercased() {
            case "true", "yes", "on", "1": true
            case "false", "no", "off", "0": false
            default: nil
            }
        } ?? false
    }

    /// A port; 0 only where it means something, as written in `zeroMeaning`.
    mutating func port(_ name: String, standard: UInt16, zeroMeaning: String? = nil) -> UInt16 {
        let expected = zeroMeaning.map { "a port (1 to 65535, or 0, which \($0))" } ?? "a port (1 to 65535)"
        return value(name, expected) { text in UInt16(text).flatMap { $0 > 0 || zeroMeaning != nil ? $0 : nil } }
            ?? standard
    }

    mutating func whole(_ name: String, in range: ClosedRange<Int>, standard: Int) -> Int {
        value(name, "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        } ?? standard
    }

    /// A size in bytes; K, M, G and T count in 1024s.
    mutating func size(_ name: String) -> Int64? {
        value(name, "a size in bytes, as in 500000000 or 500M", ByteText.read)
    }

    /// Bytes a second; 0 has a meaning of its own.
    mutating func rate(_ name: String) -> Int64? {
        value(name, "bytes a second, as in 8000000 or 8M, or 0") { $0 == "0" ? 0 : ByteText.read($0) }
    }

    mutating func choice<Value>(_ name: String, _ all: [(name: String, value: Value)], standard: Value) -> Value {
        value(name, "one of " + all.map(\.name).joined(separator: ", ")) { text in
            all.first { $0.name == text.lowercased() }?.value
        } ?? standard
    }

    /// `HOST[:PORT]`, separated by commas.
    mutating func endpoints(_ text: String, origin: String, standardPort: UInt16) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let endpoint = Endpoint(String(part)) ?? HostAddress(String(part)).map { Endpoint($0, standardPort) }
            if let endpoint, endpoint.port != 0, endpoint.host != .any {
                endpoints.append(endpoint)
            } else {
                let example = "an IPv4 address with or without a port, as in 172.20.0.2 or 172.20.0.2:5300"
                faults.append(.usage("\(origin): “\(part)” is not \(example)"))
            }
        }
        return endpoints
    }
}

/// Sizes as people write them.
enum ByteText {
    private static let units: [(suffix: Character, bytes: Int64)] = [
        ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40),
    ]

    static func read(_ text: String) -> Int64? {
        let upper = text.uppercased()
        let unit = units.first { $0.suffix == upper.last }
        let digits = unit == nil ? upper : String(upper.dropLast())
        guard let number = Int64(digits), number > 0 else { return nil }
        let product = number.multipliedReportingOverflow(by: unit?.bytes ?? 1)
        return product.overflow ? nil : product.partialValue
    }
}
