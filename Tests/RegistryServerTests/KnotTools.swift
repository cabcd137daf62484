import Foundation
import Model
import Platform
import Registry
import Testing
import TestTools

@testable import Linux

/// Knot DNS, of Debian's `knot`, with the zone that `Office` has after `lease(data: 2, router: 3)`.
final class Knot {
    let endpoint: Endpoint
    private let process = Process()
    private let folder: URL

    /// - Parameter registry: where the registry answers that has the same zone.
    @Loop
    init(beside registry: Endpoint, _ network: LinuxNetwork) throws {
        let socket = try network.openDatagrams(on: Endpoint(.loopback, 0)) { _, _ in }
        endpoint = socket.local
        socket.close()
        folder = FileManager.default.temporaryDirectory.appending(path: "rondo-knot-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Self.zone(registry).write(to: folder.appending(path: "zone"), atomically: true, encoding: .utf8)
        try configuration.write(to: folder.appending(path: "knot.conf"), atomically: true, encoding: .utf8)
        let path = "/usr/sbin/knotd"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            Issue.record("knotd is missing: sudo apt-get install knot")
            return
        }
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["-c", folder.appending(path: "knot.conf").path]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    func stop() throws {
        if process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        try FileManager.default.removeItem(at: folder)
    }

    private var configuration: String {
        """
        server:
            rundir: "\(folder.path)"
            listen: 127.0.0.1@\(endpoint.port)
            udp-workers: 1
            tcp-workers: 1
            background-workers: 1
        database:
            storage: "\(folder.path)"
        zone:
          - domain: rondo
            storage: "\(folder.path)"
            file: zone

        """
    }

    private static func zone(_ registry: Endpoint) -> String {
        let own = "\(ServerID(0xFFFF)).server"
        var lines = [
            "$ORIGIN rondo.", "$TTL 5", "@ SOA registry hostmaster 1 60 10 3600 1", "@ NS registry",
            "registry A \(registry.host)", "server A \(registry.host)", "\(own) A \(registry.host)",
            "_dns._udp.registry SRV 0 1 \(registry.port) \(own)",
        ]
        for number in 1...5 {
            let role = number <= 2 ? "data" : "router"
            let (name, address) = ("\(ServerID(UInt128(number))).server", "10.0.0.\(number)")
            lines += ["\(role) A \(address)", "server A \(address)", "\(name) A \(address)"]
            lines.append("\(name) TXT role=\(role) incarnation=1 state=ready http=8080 peer=7700")
            lines.append("_peer._tcp.\(role) SRV 0 1 7700 \(name)")
            if role == "router" { lines.append("_http._tcp.router SRV 0 1 8080 \(name)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// One packet that is sent to both, and what each makes of it.
struct OddPacket {
    private(set) var bytes: [UInt8]
    private var isOverTCP = false

    /// - Parameters:
    ///   - flags: the header's third and fourth byte.
    ///   - counts: of questions, answers, authorities and additionals, as claimed.
    init(
        _ name: String = "data.rondo", _ type: UInt16 = 1, class recordClass: UInt16 = 1, flags: UInt16 = 0,
        counts: [UInt16] = [1, 0, 0, 0], rest: [UInt8] = [], raw question: [UInt8]? = nil
    ) {
        var bytes: [UInt8] = [0x12, 0x34]
        for word in [flags] + counts { bytes += [UInt8(word >> 8), UInt8(word & 255)] }
        let labels = name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        let tail = [type, recordClass].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
        self.bytes = bytes + (question ?? labels + [0] + tail) + rest
    }

    func overTCP() -> OddPacket {
        var copy = self
        copy.isOverTCP = true
        return copy
    }

    /// Without the last bytes.
    func cut(_ count: Int) -> OddPacket {
        var copy = self
        copy.bytes.removeLast(count)
        return copy
    }

    static func option(size: UInt16 = 1232, version: UInt8 = 0, flags: UInt8 = 0, data: [UInt8] = []) -> [UInt8] {
        [0, 0, 41, UInt8(size >> 8), UInt8(size & 255), 0, version, flags, 0, 0, UInt8(data.count)] + data
    }

    /// The answer of a server in short: code, flags, the records of each section; `nothing` where none comes.
    @Loop
    func outcome(at server: Endpoint, _ network: LinuxNetwork) async throws -> String {
        let answer = isOverTCP ? try await askOverTCP(server, network) : try await ask(server, network)
        return answer.map(Self.summary) ?? "nothing"
    }

    /// Sends the packet and a plain question behind it: when that one's answer comes first, none is coming.
    @Loop
    private func ask(_ server: Endpoint, _ network: LinuxNetwork) async throws -> [UInt8]? {
        let inbox = Inbox()
        let socket = try network.openDatagrams(on: Endpoint(.loopback, 0)) { packet, _ in inbox.packets.append(packet) }
        defer { socket.close() }
        socket.send(bytes, to: server)
        var marker = OddPacket().bytes
        marker[0] = 0x99
        socket.send(marker, to: server)
        #expect(await becomes { inbox.packets.contains { $0.first == 0x99 } })
        return inbox.packets.first { $0.first == 0x12 }
    }

    @Loop
    private func askOverTCP(_ server: Endpoint, _ network: LinuxNetwork) async throws -> [UInt8]? {
        let stream = try await network.connect(to: server, from: .any, deadline: soon)
        defer { stream.close() }
        try await stream.write(try #require(DNSFrames.framed(bytes)), deadline: soon)
        var frames = DNSFrames()
        while true {
            if let message = frames.next() { return message }
            guard let more = try? await stream.read(atMost: 4096, deadline: soon), !more.isEmpty else { return nil }
            frames.append(more)
        }
    }

    @Loop
    final class Inbox {
        var packets: [[UInt8]] = []
        nonisolated init() {}
    }

    static func summary(_ bytes: [UInt8]) -> String {
        guard let message = try? DNSMessage(parsing: bytes) else { return "unreadable" }
        let header = message.header
        var words: [String] = []
        let option = message.additionals.first { $0.type == .opt }
        words.append(ResponseCode(header.code.value | UInt16((option?.ttl ?? 0) >> 24) << 4).name)
        if header.isAuthoritative { words.append("aa") }
        if header.isTruncated { words.append("tc") }
        if header.wantsRecursion { words.append("rd") }
        if header.offersRecursion { words.append("ra") }
        if bytes[3] & 0x20 != 0 { words.append("ad") }
        if header.checkingDisabled { words.append("cd") }
        if bytes[3] & 0x40 != 0 { words.append("z") }
        words.append(message.questions.isEmpty ? "no question" : "question")
        let answers = Set(message.answers.map { "\($0.name)\($0.type.value)\($0.ttl)\($0.data)" }).sorted()
        if !answers.isEmpty { words.append("\(answers.count) answers \(Self.digest(answers))") }
        if !message.authorities.isEmpty { words.append("SOA \(message.authorities.map(\.ttl))") }
        if let option { words.append("EDNS\(option.ttl >> 16 & 255)\(option.ttl & 0x8000 != 0 ? " do" : "")") }
        return words.joined(separator: " ")
    }

    /// A short sum of texts, to see whether two servers gave the same records.
    private static func digest(_ texts: [String]) -> String {
        var sum: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in texts.joined(separator: "\n").utf8 { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(sum, radix: 16)
    }
}
