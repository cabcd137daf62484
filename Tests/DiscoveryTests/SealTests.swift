import Discovery
import Model
import Testing

func key(_ number: UInt8) -> [UInt8] { Array(repeating: number, count: 32) }
func salt(_ number: UInt8) -> [UInt8] { Array(repeating: number, count: 16) }
func nonce(_ number: UInt64) -> QuestionNonce { QuestionNonce(high: number, low: ~number) }

func server(_ number: UInt8, _ role: Role = .data) -> DiscoveredServer {
    DiscoveredServer(role: role, peer: Endpoint(HostAddress(10, 0, 0, number), 7700), httpPort: 8080)
}

func registry(_ number: UInt8) -> DiscoveredRegistry {
    DiscoveredRegistry(dns: Endpoint(HostAddress(10, 0, 1, number), 5300), peerPort: 7700)
}

@Suite struct DiscoverySealTests {
    private let question = DiscoveryQuestion(asker: .server, nonce: nonce(7), digest: 99)
    private let answer = DiscoveryAnswer(nonce: nonce(7), servers: [server(1), server(2, .router)], registries: [])

    @Test func `who has the key reads what was sealed, and by which of its keys`() {
        let (one, both) = (DiscoverySeal(keys: [key(1)]), DiscoverySeal(keys: [key(2), key(1)]))
        let opened = both.question(in: one.seal(question, key: 0, salt: salt(3)))
        #expect(opened?.question == question)
        #expect(opened?.key == 1)
        #expect(one.answer(in: both.seal(answer, key: 1, salt: salt(4))) == answer)
    }

    @Test func `another key reads nothing, and its packets are nothing here`() {
        let (one, other) = (DiscoverySeal(keys: [key(1)]), DiscoverySeal(keys: [key(2)]))
        #expect(other.question(in: one.seal(question, key: 0, salt: salt(3))) == nil)
        #expect(one.answer(in: other.seal(answer, key: 0, salt: salt(3))) == nil)
    }

    @Test func `a question is no answer, and an answer no question`() {
        let seal = DiscoverySeal(keys: [key(1)])
        #expect(seal.answer(in: seal.seal(question, key: 0, salt: salt(3))) == nil)
        #expect(seal.question(in: seal.seal(answer, key: 0, salt: salt(3))) == nil)
    }

    @Test func `every changed bit and every other length is noticed`() {
        let seal = DiscoverySeal(keys: [key(1)])
        let packet = seal.seal(question, key: 0, salt: salt(3))
        for bit in 0..<(packet.count * 8) {
            var changed = packet
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(seal.question(in: changed) == nil)
        }
        for length in [0, 1, 16, 32, 511, 513] {
            #expect(seal.question(in: Array((packet + [0]).prefix(length))) == nil)
        }
    }

    @Test func `no answer is longer than its question`() {
        let seal = DiscoverySeal(keys: [key(1)])
        let largest = DiscoveryAnswer(
            nonce: nonce(7), servers: (0..<200).map { server($0) }, registries: (0..<200).map { registry($0) })
        #expect(largest.servers.count == DiscoveryAnswer.maximumServers)
        let asked = seal.seal(question, key: 0, salt: salt(3))
        let answered = seal.seal(largest, key: 0, salt: salt(4))
        #expect(asked.count == answered.count)
        #expect(seal.answer(in: answered) == largest)
    }

    @Test func `a packet shows nothing that two of one cluster have in common`() {
        let seal = DiscoverySeal(keys: [key(1)])
        let (one, two) = (
            seal.seal(question, key: 0, salt: salt(3)), seal.seal(question, key: 0, salt: salt(4))
        )
        // Of two random packets of 512 bytes about two are equal at the same place.
        #expect(zip(one, two).count { $0 == $1 } < 16)
    }

    @Test func `random bytes under the right key are no message`() {
        var generator = SeededGenerator(seed: 11)
        let seal = DiscoverySeal(keys: [key(1)])
        for _ in 0..<2_000 {
            let bytes = (0..<512).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(seal.question(in: bytes) == nil)
            #expect(seal.answer(in: bytes) == nil)
        }
    }
}
