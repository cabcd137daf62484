import Crypto
import Model
import Testing

@testable import Registry

/// Signatures of queries and answers (RFC 8945).
@Suite struct SignatureTests {
    private let key = ClusterKey()

    private func query(_ name: String) throws -> DNSMessage {
        var message = DNSMessage(header: DNSHeader(id: 77))
        message.questions = [DNSQuestion(try #require(DomainName(name)), .a)]
        return message
    }

    /// The answer's code and signature, and what the metrics count.
    private func ask(
        _ packet: [UInt8], _ desk: inout Desk
    ) throws -> (code: ResponseCode, record: TSIG, verdict: SignatureVerdict?) {
        desk.effects = []
        guard case .reply(let bytes, let code) = desk.answer(packet) else {
            throw DNSError(reason: .foreign, offset: 0)
        }
        let verdict = desk.effects.compactMap { if case .noteSignature(let one) = $0 { one } else { nil } }.first
        return (code, try Client(key: key).signature(of: bytes, to: packet), verdict)
    }

    @Test func `a signed query gets a signed answer`() throws {
        var desk = try Desk.withFive(keys: [key])
        let packet = Client(key: key).signed(try query("data.rondo"), at: desk.wallSeconds)
        let answer = try ask(packet, &desk)
        #expect(answer.code == .noError && answer.verdict == .good)
        #expect(answer.record.error == .none && answer.record.code.count == 32)
        #expect(try desk.dig(packet).answers.count == 2)
    }

    @Test func `every key of the cluster verifies, and the answer is signed with the same one`() throws {
        let others = [ClusterKey(), ClusterKey()]
        var desk = try Desk.withFive(keys: [others[0], key, others[1]])
        #expect(try ask(Client(key: key).signed(query("data.rondo"), at: desk.wallSeconds), &desk).verdict == .good)
    }

    @Test func `what was signed is every byte`() throws {
        var desk = try Desk.withFive(keys: [key])
        let right = Client(key: key).signed(try query("data.rondo"), at: desk.wallSeconds)
        let start = try #require(try ReceivedQuery(right).signature).start
        // Bytes 4 to 11 are counts, which make it another message altogether.
        for index in [0, 2, 3] + Array(13..<start - 4) {
            var packet = right
            packet[index] ^= index == 2 ? 1 : 2
            // The id is signed as the signature's original id: a forwarder may change it.
            guard case .reply(_, let code) = desk.answer(packet) else { continue }
            #expect(code == (index == 0 ? .noError : code == .formatError ? .formatError : .notAuthoritative))
        }
    }

    @Test func `a wrong key's answer says so and is not signed`() throws {
        var desk = try Desk.withFive(keys: [key])
        let answer = try ask(Client(key: ClusterKey()).signed(query("data.rondo"), at: desk.wallSeconds), &desk)
        #expect(answer.code == .notAuthoritative && answer.verdict == .badSignature)
        #expect(answer.record.error == .badSignature && answer.record.code.isEmpty)
    }

    @Test func `another key's name or algorithm is an unknown key`() throws {
        var desk = try Desk.withFive(keys: [key])
        let other = try #require(DomainName("other-key"))
        for change in [{ $0.key = other }, { $0.algorithm = other }] as [(inout TSIG) -> Void] {
            let packet = Client(key: key).signed(try query("data.rondo"), at: desk.wallSeconds, change)
            let answer = try ask(packet, &desk)
            #expect(answer.code == .notAuthoritative && answer.verdict == .badKey)
            #expect(answer.record.error == .badKey && answer.record.code.isEmpty)
        }
        var keyless = try Desk.withFive()
        #expect(
            try ask(Client(key: key).signed(query("data.rondo"), at: desk.wallSeconds), &keyless).verdict == .badKey)
    }

    @Test func `names in a signature compare without case`() throws {
        var desk = try Desk.withFive(keys: [key])
        let packet = Client(key: key).signed(try query("data.rondo"), at: desk.wallSeconds) { record in
            record.key = DomainName(checked: [9] + Array("Rondo-KEY".utf8) + [0])
        }
        #expect(try ask(packet, &desk).verdict == .good)
    }

    @Test(arguments: [-301, -300, 0, 300, 301] as [Int64])
    func `a clock may go wrong by five minutes`(ahead: Int64) throws {
        var desk = try Desk.withFive(keys: [key])
        let packet = Client(key: key, ahead: ahead).signed(try query("data.rondo"), at: desk.wallSeconds)
        let answer = try ask(packet, &desk)
        guard abs(ahead) > 300 else {
            #expect(answer.verdict == .good)
            return
        }
        #expect(answer.code == .notAuthoritative && answer.verdict == .badTime)
        #expect(answer.record.error == .badTime && answer.record.code.count == 32)
        #expect(answer.record.time == UInt64(Int64(desk.wallSeconds) + ahead), "the asker's own time")
        var ours: [UInt8] = []
        ours.append(time: desk.wallSeconds)
        #expect(answer.record.other == ours, "what time it is here")
    }

    @Test func `the asker may ask for less tolerance than five minutes, not for more`() throws {
        var desk = try Desk.withFive(keys: [key])
        for (fudge, ahead, verdict) in [(10, 11, .badTime), (10, 9, .good), (9999, 400, .badTime)]
            as [(UInt16, Int64, SignatureVerdict)]
        {
            let packet = Client(key: key, ahead: ahead).signed(try query("data.rondo"), at: desk.wallSeconds) {
                $0.fudge = fudge
            }
            #expect(try ask(packet, &desk).verdict == verdict)
        }
    }

    @Test func `a code cut off to half is right and too short, a shorter one is no code`() throws {
        var desk = try Desk.withFive(keys: [key])
        for bytes in [16, 24, 31] {
            let answer = try ask(
                Client(key: key).signed(query("data.rondo"), at: desk.wallSeconds, bytes: bytes), &desk)
            #expect(answer.code == .notAuthoritative && answer.verdict == .badTruncation)
            #expect(answer.record.error == .badTruncation && answer.record.code.count == 32)
        }
        for bytes in [0, 1, 15] {
            let packet = Client(key: key).signed(try query("data.rondo"), at: desk.wallSeconds, bytes: bytes)
            #expect(try desk.dig(packet).header.code == .formatError)
        }
        let wrong = try ask(
            Client(key: ClusterKey()).signed(query("data.rondo"), at: desk.wallSeconds, bytes: 16), &desk)
        #expect(wrong.verdict == .badSignature)
    }

    @Test func `a signature that is not last, not of class ANY or damaged is a format error`() throws {
        var desk = try Desk.withFive(keys: [key])
        let right = Client(key: key).signed(try query("data.rondo"), at: desk.wallSeconds)
        let start = try #require(try ReceivedQuery(right).signature).start
        var twice = right + right[start...]
        twice[11] += 1
        var wrongClass = right
        wrongClass[start + 14] = 1
        var wrongTTL = right
        wrongTTL[start + 18] = 1
        var misplaced = right
        (misplaced[9], misplaced[11]) = (1, 0)
        for packet in [twice, wrongClass, wrongTTL, misplaced, Array(right.dropLast())] {
            #expect(try desk.dig(packet).header.code == .formatError)
        }
    }

    @Test func `the signature counts for what an answer may be long`() throws {
        var desk = try Desk.withFive(keys: [key])
        for number in 6..<40 {
            var request = Desk.request(number)
            (request.held, request.state, request.ringSize) = (.router, .ready, 5)
            _ = try desk.ask(request)
            let packet = Client(key: key).signed(try query("router.rondo"), at: desk.wallSeconds)
            guard case .reply(let bytes, .noError) = desk.answer(packet) else {
                throw DNSError(reason: .foreign, offset: 0)
            }
            #expect(bytes.count <= 512)
            #expect(try Client(key: key).signature(of: bytes, to: packet).error == .none)
            #expect(try DNSMessage(parsing: bytes).header.isTruncated == (number > 27))
        }
    }

    @Test func `a key's name that leaves no room is left out of the answer`() throws {
        var desk = try Desk.withFive(keys: [key])
        let label = [63] + [UInt8](repeating: 0x61, count: 63)
        let long = DomainName(checked: label + label + label + [60] + [UInt8](repeating: 0x61, count: 60) + [0])
        let packet = Client(key: key).signed(try query("data.rondo"), at: desk.wallSeconds) { record in
            record.key = long
            record.algorithm = long
        }
        guard case .reply(let bytes, .notAuthoritative) = desk.answer(packet) else {
            throw DNSError(reason: .foreign, offset: 0)
        }
        #expect(bytes.count <= 512)
        #expect(try DNSMessage(parsing: bytes).additionals.isEmpty)
    }
}
