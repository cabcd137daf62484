import Crypto
import Foundation
import Linux
import Model
import Platform

/// The real dig.
@Loop
enum Dig {
    /// The addresses of a name, and no warning with them.
    static func addresses(_ name: String, at registry: RealServer) async throws -> [String] {
        try await answer(name, at: registry).addresses
    }

    /// The same with the code of the answer, which is empty where none came.
    static func answer(_ name: String, at registry: RealServer) async throws -> (code: String, addresses: [String]) {
        let result = try await Tool.run(
            "dig", ["+norec", "+time=1", "+tries=1", "@\(registry.address)", "-p", "5300", name, "A"])
        if result.text.contains("WARNING") { throw NotInTime(description: "dig warns: \(result.text)") }
        let code = result.text.firstMatch(of: #/status: (\w+)/#).map { String($0.1) } ?? ""
        let addresses = result.lines.filter { !$0.hasPrefix(";") }.compactMap { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            return fields.count == 5 && fields[3] == "A" ? String(fields[4]) : nil
        }
        return (code, addresses)
    }
}

/// The list of songs, as a server tells it.
@Loop
enum Library {
    static func songs(at server: RealServer) async throws -> [String] {
        let answer = try await Curl.get(server.url + "/api/v1/songs?limit=500")
        let songs = answer.json["songs"] as? [[String: Any]] ?? []
        return songs.compactMap { $0["id"] as? String }
    }
}

/// SHA-256 of bytes.
func SHA(_ bytes: [UInt8]) -> ContentHash { SHA256.hash(bytes) }
