import Crypto
import Model

@testable import Registry

/// Sends bytes through the whole way from packet to answer, signatures and updates included, and looks at every answer.
///
/// The fuzzer (`make fuzz`) and `FuzzTests` share it. Each input meets the same registry with five servers, so that one
/// input always has one outcome. An input is a row of packets, as the byte before each says how it comes, and two its
/// length: that is how replays are tried too.
struct PacketTrial {
    private enum Flag {
        static let tcp: UInt8 = 1
        /// Signed with the cluster's key, so that what lies behind the check is reached.
        static let signed: UInt8 = 2
        static let otherPort: UInt8 = 4
        /// 4 s later than the packet before.
        static let later: UInt8 = 8
        static let truncatedCode: UInt8 = 16
        static let oldTime: UInt8 = 32
    }

    static let key: ClusterKey = {
        var generator = SeededGenerator(seed: 1)
        return ClusterKey(using: &generator)
    }()
    private static let start = MonotonicTime(nanoseconds: 1_000_000_000_000)
    private static let wallStart: UInt64 = 1_800_000_000
    private static let five: Registry = makeFive()

    private var registry = PacketTrial.five
    private var now = PacketTrial.start + .seconds(5)
    private(set) var packets = 0
    private(set) var replies = 0
    /// What was wrong with answers.
    private(set) var faults: [String] = []

    private static func makeFive() -> Registry {
        guard let zone = Zone("rondo") else { fatalError("rondo is a zone") }
        let identity = RegistryIdentity(
            life: ServerLife(id: ServerID(0xFFFF), incarnation: Incarnation(1)), address: HostAddress(127, 0, 1, 1),
            peerPort: 7700, dnsPort: 5300, httpPort: 8080)
        var registry = Registry(
            identity: identity, zone: zone, keys: [key], wallSeconds: wallStart, serial: 100, seed: 7, now: start)
        var effects: [RegistryEffect] = []
        registry.handle(.timerFired, at: start + .seconds(4), into: &effects)
        for number in 1...5 {
            let address = HostAddress(127, 0, 1, UInt8(number + 1))
            let request = LeaseRequest(
                life: ServerLife(id: ServerID(UInt128(number)), incarnation: Incarnation(1)),
                held: number <= 2 ? .data : .router, address: address, peerPort: 7700, httpPort: 8080, state: .ready,
                ringSize: 5)
            registry.handle(.leaseRequested(request, from: address), at: start + .seconds(4), into: &effects)
        }
        return registry
    }

    /// One packet as an input.
    static func input(_ packet: [UInt8], signed: Bool = false, tcp: Bool = false) -> [UInt8] {
        [(signed ? Flag.signed : 0) | (tcp ? Flag.tcp : 0), UInt8(packet.count >> 8), UInt8(packet.count & 255)]
            + packet
    }

    /// Plays an input to its end.
    mutating func play(_ input: [UInt8]) {
        var rest = input[...]
        while rest.count > 3, packets < 16 {
            let start = rest.startIndex
            let length = Int(rest[start + 1]) << 8 | Int(rest[start + 2])
            send(Array(rest.dropFirst(3).prefix(length)), how: rest[start])
            rest = rest.dropFirst(3 + length)
        }
    }

    private mutating func send(_ bytes: [UInt8], how: UInt8) {
        packets += 1
        if how & Flag.later != 0 { now = now + .seconds(4) }
        let wallSeconds = Self.wallStart + UInt64((now - Self.start).milliseconds / 1000)
        let packet = how & Flag.signed != 0 ? sign(bytes, how, wallSeconds) : bytes
        let transport: DNSTransport = how & Flag.tcp != 0 ? .tcp : .udp
        let source = Endpoint(HostAddress(10, 0, 0, 1), how & Flag.otherPort != 0 ? 4001 : 4000)
        var effects: [RegistryEffect] = []
        let arrival = DNSArrival(over: transport, from: source, wallSeconds: wallSeconds)
        let outcome = registry.answer(packet, arrival, at: now, into: &effects)
        if case .reply(let reply, let code) = outcome {
            replies += 1
            look(at: reply, code, to: packet, transport)
        } else if packet.count >= 12, packet[2] & 0x80 == 0 {
            faults.append("a query was dropped")
        }
        if transport == .tcp { cut(packet) }
        // The same bytes as an answer to a client.
        guard let name = DomainName("data.rondo"), packet.count > 1 else { return }
        let query = DNSQuery(id: UInt16(packet[0]) << 8 | UInt16(packet[1]), name, .a)
        _ = try? query.answer(parsing: packet)
    }

    private func sign(_ bytes: [UInt8], _ how: UInt8, _ wallSeconds: UInt64) -> [UInt8] {
        guard bytes.count >= 12 else { return bytes }
        var record = TSIG(time: wallSeconds, originalID: UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
        if how & Flag.oldTime != 0 { record.time -= 400 }
        record.code = HMACSHA256.code(bytes + record.variables, key: Self.key.tsigSecret)
        if how & Flag.truncatedCode != 0 { record.code.removeLast(how & 0x80 != 0 ? 20 : 10) }
        var packet = bytes + record.bytes
        let count = (UInt16(packet[10]) << 8 | UInt16(packet[11])) &+ 1
        (packet[10], packet[11]) = (UInt8(count >> 8), UInt8(count & 255))
        return packet
    }

    /// What holds for every answer, whatever was asked.
    private mutating func look(
        at reply: [UInt8], _ code: ResponseCode, to packet: [UInt8], _ transport: DNSTransport
    ) {
        guard let message = try? DNSMessage(parsing: reply) else { return faults.append("an answer is no message") }
        let query = try? ReceivedQuery(packet)
        let limit = transport == .tcp ? 65_535 : query?.extended == nil ? 512 : 1232
        check(reply.count <= limit, "an answer of \(reply.count) bytes where \(limit) are the most")
        check(reply[0] == packet[0] && reply[1] == packet[1], "another id")
        check(message.header.isResponse, "an answer that is none")
        check(reply[3] & 0xE0 == 0, "RA, Z or AD set")
        check(message.header.opcode.value == packet[2] >> 3 & 15, "another opcode")
        check(message.header.wantsRecursion == (packet[2] & 1 != 0), "another RD")
        check(message.header.code.value == code.value & 15, "the code is another one than is counted")
        check(query == nil || message.questions == query.map { [$0.question] }, "another question")
        check(query == nil || reply.dropFirst(12).starts(with: query?.questionBytes ?? []), "the question's case")
        check(!message.header.isTruncated || message.answers.isEmpty, "half a set")
        for record in message.answers {
            check(record.ttl == Registry.ttl, "a TTL of its own")
            check(record.name == query?.question.name, "a record of another name")
        }
        checkSignature(of: reply, to: query)
    }

    /// A signed answer is signed rightly.
    private mutating func checkSignature(of reply: [UInt8], to query: ReceivedQuery?) {
        var bytes = reply
        bytes[2] = Opcode.update.value << 3
        guard let asked = query?.signature?.record, let signature = (try? ReceivedQuery(bytes))?.signature else {
            return
        }
        guard !signature.record.code.isEmpty else { return }
        var message = Array(reply[..<signature.start])
        message[11] -= 1
        var signed: [UInt8] = []
        signed.append(word: UInt16(asked.code.count))
        let right = HMACSHA256.code(
            signed + asked.code + message + signature.record.variables, key: Self.key.tsigSecret)
        check(signature.record.code == right, "a wrong signature")
    }

    /// The packet as it comes over TCP, in two pieces.
    private mutating func cut(_ packet: [UInt8]) {
        guard let framed = DNSFrames.framed(packet) else { return }
        var frames = DNSFrames()
        frames.append(Array(framed[..<(framed.count / 2)]))
        frames.append(Array(framed[(framed.count / 2)...]))
        check(frames.next() == packet && frames.next() == nil, "a frame is not what was framed")
    }

    private mutating func check(_ holds: Bool, _ fault: String) { if !holds { faults.append(fault) } }
}
