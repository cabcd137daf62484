internal import Model

/// What the TXT record of a server says of its lease, `key=value` each: the same words in updates as in answers.
struct LeaseText: Hashable, Sendable {
    var role: Role
    var state = LeaseState.ready
    var incarnation: Incarnation?
    /// 0 for none: then nobody can ask the server itself, and its lease ends when it runs out.
    var peerPort: UInt16 = 0
    /// 0 for none.
    var httpPort: UInt16 = 0
    var publicHTTP: String?

    /// What a lease says that is there already.
    init?(_ server: ZoneServer) {
        guard let role = Role(rawValue: server.role) else { return nil }
        self.role = role
        state = LeaseState(rawValue: server.state) ?? .ready
        incarnation = nil
        peerPort = server.peerPort
        httpPort = server.httpPort
        publicHTTP = server.publicHTTP
    }

    /// Nil where a word is unknown, comes twice or has a value that it cannot have, or the role is missing.
    init?(_ strings: [[UInt8]]) {
        var words: [String: String] = [:]
        for string in strings where !string.isEmpty {
            guard let text = String(validating: string, as: UTF8.self), let sign = text.firstIndex(of: "="),
                words.updateValue(String(text[text.index(after: sign)...]), forKey: String(text[..<sign])) == nil
            else { return nil }
        }
        guard let role = words.removeValue(forKey: "role").flatMap({ Role(rawValue: $0) }) else { return nil }
        self.role = role
        for (word, value) in words {
            guard take(word, value) else { return nil }
        }
    }

    private mutating func take(_ word: String, _ value: String) -> Bool {
        switch word {
        case "peer", "http":
            guard let port = UInt16(value), port > 0 else { return false }
            if word == "peer" { peerPort = port } else { httpPort = port }
        case "incarnation":
            guard let number = UInt64(value) else { return false }
            incarnation = Incarnation(number)
        case "state":
            guard let state = LeaseState(rawValue: value) else { return false }
            self.state = state
        case "public-http":
            guard (1...200).contains(value.utf8.count), value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                return false
            }
            publicHTTP = value
        default: return false
        }
        return true
    }
}
