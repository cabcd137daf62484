import Crypto
import Model
import Testing

@testable import Registry

/// Writes updates and signed messages as a client does, and reads the signatures of answers.
struct Client {
    var key: ClusterKey
    /// Seconds that its clock goes ahead of the registry's.
    var ahead: Int64 = 0
    var id: UInt16 = 500

    /// A message signed as `change` leaves the record; `bytes` of the code are sent.
    func signed(
        _ message: DNSMessage, at wallSeconds: UInt64, bytes: Int = 32, _ change: (inout TSIG) -> Void = { _ in }
    ) -> [UInt8] {
        var packet = message.bytes
        var record = TSIG(time: UInt64(Int64(wallSeconds) + ahead), originalID: message.header.id)
        change(&record)
        record.code = Array(HMACSHA256.code(packet + record.variables, key: key.tsigSecret).prefix(bytes))
        packet += record.bytes
        packet[11] += 1
        return packet
    }

    /// An update of the zone `rondo`.
    func update(
        _ updates: [DNSRecord], requiring prerequisites: [DNSRecord] = [], zone: String = "rondo"
    ) throws -> DNSMessage {
        var message = DNSMessage(header: DNSHeader(id: id))
        message.header.opcode = .update
        message.questions = [DNSQuestion(try #require(DomainName(zone)), .soa)]
        message.answers = prerequisites
        message.authorities = updates
        return message
    }

    /// The signature of an answer, once its code has been found right.
    func signature(of answer: [UInt8], to query: [UInt8]) throws -> TSIG {
        let received = try #require(try ReceivedQuery(asQuery(answer)).signature)
        guard !received.record.code.isEmpty else { return received.record }
        let asked = try #require(try ReceivedQuery(query).signature).record.code
        var message = Array(answer[..<received.start])
        message[11] -= 1
        var signed: [UInt8] = []
        signed.append(word: UInt16(asked.count))
        let right = HMACSHA256.code(signed + asked + message + received.record.variables, key: key.tsigSecret)
        #expect(received.record.code == right, "the answer's signature is wrong")
        return received.record
    }

    /// An answer with the flags of an update, so that any section may have records.
    private func asQuery(_ answer: [UInt8]) -> [UInt8] {
        var bytes = answer
        bytes[2] = Opcode.update.value << 3
        return bytes
    }
}

/// The name, and the records that updates are made of.
enum Lines {
    static func name(_ number: Int) throws -> DomainName {
        try #require(DomainName("\(ServerID(UInt128(number))).server.rondo"))
    }

    static func address(_ number: Int, _ last: UInt8) throws -> DNSRecord {
        DNSRecord(try name(number), .a, ttl: 5, .address(HostAddress(10, 0, 0, last)))
    }

    static func text(_ number: Int, _ words: String...) throws -> DNSRecord {
        DNSRecord(try name(number), .txt, ttl: 5, .text(words.map { Array($0.utf8) }))
    }

    /// A record without data: of class ANY to delete a set, of class NONE or ANY as a prerequisite.
    static func empty(_ name: DomainName, _ type: RecordType, _ recordClass: RecordClass) -> DNSRecord {
        DNSRecord(name, type, ttl: 0, .unknown([]), recordClass: recordClass)
    }
}

extension Desk {
    /// The code of a signed update's answer, whose signature is checked.
    @discardableResult
    mutating func update(
        _ client: Client, _ updates: [DNSRecord], requiring prerequisites: [DNSRecord] = [], zone: String = "rondo"
    ) throws -> ResponseCode {
        let packet = client.signed(
            try client.update(updates, requiring: prerequisites, zone: zone), at: wallSeconds)
        guard case .reply(let bytes, let code) = answer(packet) else { throw DNSError(reason: .foreign, offset: 0) }
        #expect(try client.signature(of: bytes, to: packet).error == .none)
        return code
    }

    var updateOutcomes: [UpdateOutcome] {
        effects.compactMap { if case .noteUpdate(let outcome) = $0 { outcome } else { nil } }
    }
}
