import Crypto
import Foundation
import Model
import Platform
import Testing

@testable import Linux

/// A program of Debian that speaks DNS, run to its end with all that it writes.
struct DNSProgram: Sendable {
    let status: Int32
    let text: String

    private static let pool = BlockingPool(name: "dns programs", threads: 4)

    /// - Parameter package: what to install where the program is missing.
    static func run(
        _ program: String, of package: String, _ arguments: [String], input: String = ""
    ) async throws -> DNSProgram {
        let result = await pool.run { Result { try runNow(program, package, arguments, input) } }
        return try result.get()
    }

    private static func runNow(
        _ program: String, _ package: String, _ arguments: [String], _ input: String
    ) throws -> DNSProgram {
        let path = "/usr/bin/\(program)"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            Issue.record("\(program) is missing: sudo apt-get install \(package)")
            return DNSProgram(status: 127, text: "")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ["HOME": "/nonexistent", "PATH": "/usr/bin:/bin"]
        let (output, commands) = (Pipe(), Pipe())
        process.standardInput = commands
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try commands.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try commands.fileHandleForWriting.close()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return DNSProgram(status: process.terminationStatus, text: String(decoding: bytes, as: UTF8.self))
    }
}

extension Office {
    /// Hands `lines` to the real nsupdate, signed with `key` unless that is nil.
    func nsupdate(
        _ lines: [String], key: ClusterKey?, named argument: String? = nil, options: [String] = [], zone: Bool = true
    ) async throws -> DNSProgram {
        let signing = (argument ?? key?.tsigArgument).map { ["-y", $0] } ?? []
        let head = ["server \(dns.host) \(dns.port)"] + (zone ? ["zone rondo"] : [])
        return try await DNSProgram.run(
            "nsupdate", of: "bind9-dnsutils", signing + options + ["-t", "20", "-u", "15", "-r", "0"],
            input: (head + lines + ["send", ""]).joined(separator: "\n"))
    }

    /// How often updates ended like this.
    func updates(_ outcome: String) -> Double {
        metrics.value("rondo_dns_updates_total", labels: "outcome=\"\(outcome)\"")
    }
}
