import Foundation
import Model
import Testing
import Wire

@testable import Ring

/// Made-up messages of every kind.
struct SampleMessages {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    private mutating func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &generator) }
    private mutating func word() -> UInt64 { generator.next() >> UInt64(number(64)) }
    private mutating func id() -> ServerID { ServerID.random(using: &generator) }
    private mutating func life() -> ServerLife { ServerLife(id: id(), incarnation: Incarnation(word())) }
    private mutating func epoch() -> Epoch { Epoch(counter: word(), manager: id()) }
    private mutating func role() -> Role { number(2) == 0 ? .data : .router }
    private mutating func list<Value>(_ make: (inout Self) -> Value) -> [Value] {
        (0..<number(5)).map { _ in make(&self) }
    }

    mutating func entry() -> RosterEntry {
        var entry = RosterEntry(
            id: id(), incarnation: Incarnation(word()), startNonce: word(), role: role(),
            host: HostAddress(UInt32(truncatingIfNeeded: generator.next())), peerPort: UInt16(number(65_536)),
            httpPort: UInt16(number(65_536)), publicHttp: number(2) == 0 ? nil : "música.example:\(number(65_536))",
            capacity: Int64(bitPattern: word()), pinned: number(2) == 0, provisional: number(2) == 0)
        entry.state = ServerState.allCases[number(4)]
        entry.version = word()
        if number(2) == 0 { entry.roleEpoch = epoch() }
        entry.leaving = number(2) == 0
        entry.damped = number(2) == 0
        entry.unconfirmed = number(2) == 0
        entry.deadSeconds = Int64(number(100_000))
        return entry
    }

    private mutating func range() -> RosterRange { RosterRange(start: id(), digits: number(33)) }

    mutating func all() -> [Ring.Message] {
        let alert = Alert(
            id: AlertID(origin: life(), sequence: word()), failures: list { $0.entry() }, epoch: epoch(),
            rows: list { sample in
                AlertRow(
                    life: sample.life(), role: sample.role(), address: HostAddress(UInt32(sample.number(1 << 32))),
                    load: sample.number(1_000))
            }, counts: RoleCounts(data: number(5_000), router: number(5_000)), visited: word(),
            unheard: list { $0.life() }, hops: number(20_000))
        return [
            .join(entry()), .roster(Roster(list { $0.entry() }), wantsAnswer: number(2) == 0),
            .digests(
                entry(),
                list { sample in RangeDigest(range: sample.range(), digest: sample.word(), count: sample.number(9_999))
                }),
            .part(list { $0.entry() }, of: list { $0.range() }, wantsAnswer: number(2) == 0),
            .changes(list { $0.entry() }, through: number(2) == 0 ? nil : id()), .alert(alert),
            .imbalance(
                Imbalance(
                    epoch: epoch(), base: word(), role: role(), takers: list { $0.id() },
                    isRebalancing: number(2) == 0)),
            .probeRequest(subject: life(), at: Endpoint(HostAddress(10, 0, 0, 9), UInt16(number(65_536)))),
            .probeReport(subject: life(), heard: number(2) == 0), .accusation(entry()),
            .token(TokenMark(serial: word(), holder: id())), .damping(milliseconds: Int64(number(1 << 40))),
        ]
    }
}

@Suite struct MessageCodingTests {
    private func bytes(_ message: Ring.Message, to: ServerLife? = life(2)) -> [UInt8] {
        Ring.Envelope.encode(from: life(1), to: to, message: message.encoded)
    }

    @Test func `messages of every kind are read back as they were written`() throws {
        for seed in 1...200 {
            var samples = SampleMessages(seed: UInt64(seed))
            for message in samples.all() {
                let read = try Ring.Envelope(decoding: bytes(message))
                #expect(read.message == message)
                #expect(read.from == life(1) && read.to == life(2))
                #expect(try Ring.Envelope(decoding: bytes(message, to: nil)).to == nil)
            }
        }
        #expect(try Ring.Acknowledgement(decoding: Ring.Acknowledgement(by: life(3)).encoded).by == life(3))
    }

    @Test func `a message that ends too early is refused, or is another one that was meant so`() throws {
        var samples = SampleMessages(seed: 5)
        for message in samples.all() {
            let whole = bytes(message)
            for length in 0..<whole.count {
                #expect(throws: ProtobufError.self) { try Ring.Envelope(decoding: Array(whole.prefix(length))) }
            }
        }
    }

    @Test func `a broken byte never traps`() {
        var generator = SeededGenerator(seed: 11)
        var refused = 0
        for seed in 1...300 {
            var samples = SampleMessages(seed: UInt64(seed))
            for message in samples.all() {
                var broken = bytes(message)
                broken[Int.random(in: 0..<broken.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
                if (try? Ring.Envelope(decoding: broken)) == nil { refused += 1 }
            }
        }
        #expect(refused > 300)
    }

    @Test func `a server without an id or a role is refused`() {
        var writer = ProtobufWriter()
        writer.life(1, life(1))
        writer.message(12) { $0.role(6, .data) }
        #expect(throws: ProtobufError.missing(field: 1)) { try Ring.Envelope(decoding: writer.bytes) }
        writer = ProtobufWriter()
        writer.life(1, life(1))
        writer.message(12) { $0.id(1, ServerID(7)) }
        #expect(throws: ProtobufError.missing(field: 6)) { try Ring.Envelope(decoding: writer.bytes) }
    }

    @Test func `a roster of more servers than there may be is refused`() throws {
        var writer = ProtobufWriter()
        writer.life(1, life(1))
        writer.message(4) { writer in
            for number in 0...Roster.maximumEntries {
                writer.message(1) { writer in
                    writer.id(1, ServerID(UInt128(number)))
                    writer.role(6, .data)
                }
            }
        }
        #expect(throws: ProtobufError.tooMany(field: 1)) { try Ring.Envelope(decoding: writer.bytes) }
    }

    @Test func `protoc reads and writes the same bytes by the schema in docs`() throws {
        var samples = SampleMessages(seed: 3)
        for message in samples.all() {
            let ours = bytes(message)
            let text = try Self.protoc("--decode", ours)
            // What the schema does not name is printed by its number.
            let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
            #expect(lines.allSatisfy { !($0.drop { $0 == " " }.first?.isNumber ?? true) })
            #expect(try Self.protoc("--encode", text) == ours, "\(message)")
        }
    }

    private static func protoc(_ mode: String, _ input: [UInt8]) throws -> [UInt8] {
        let docs = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs").standardized
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/protoc")
        process.arguments = ["\(mode)=rondo.ring.Envelope", "-I", docs.path, "ring.proto"]
        let (stdin, stdout) = (Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        do {
            try process.run()
        } catch {
            Issue.record("protoc could not be started (\(error)); install it: sudo apt-get install protobuf-compiler")
            throw error
        }
        // A message is shorter than a pipe is deep.
        try stdin.fileHandleForWriting.write(contentsOf: Data(input))
        try stdin.fileHandleForWriting.close()
        let output = stdout.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return Array(output)
    }
}
