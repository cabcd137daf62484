import Model
import Peers
import Testing

@Suite struct DatagramSealerTests {
    private func sealer(_ name: UInt8, key: UInt8 = 1) throws -> DatagramSealer {
        try #require(
            DatagramSealer(keys: [Array(repeating: key, count: 32)], startNonce: Array(repeating: name, count: 16)))
    }

    @Test func `what was sealed is opened once`() throws {
        var (sender, receiver) = (try sealer(1), try sealer(2))
        let datagram = sender.seal([1, 2, 3])
        #expect(try receiver.open(datagram) == [1, 2, 3])
        #expect(throws: DatagramSealer.Failure.replayed) { try receiver.open(datagram) }
    }

    @Test func `datagrams that overtake each other are all opened, once`() throws {
        var (sender, receiver) = (try sealer(1), try sealer(2))
        var generator = SeededGenerator(seed: 5)
        let datagrams = (0..<900).map { sender.seal([UInt8($0 % 256)]) }
        for datagram in datagrams.shuffled(using: &generator) { _ = try receiver.open(datagram) }
        for datagram in datagrams {
            #expect(throws: DatagramSealer.Failure.replayed) { try receiver.open(datagram) }
        }
    }

    @Test func `one that is older than the window is refused`() throws {
        var (sender, receiver) = (try sealer(1), try sealer(2))
        let old = sender.seal([0])
        for _ in 0..<1100 { _ = try receiver.open(sender.seal([1])) }
        #expect(throws: DatagramSealer.Failure.replayed) { try receiver.open(old) }
    }

    @Test func `every changed bit is noticed`() throws {
        var (sender, receiver) = (try sealer(1), try sealer(2))
        let datagram = sender.seal([1, 2, 3])
        for bit in 0..<(datagram.count * 8) {
            var changed = datagram
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: DatagramSealer.Failure.forged) { try receiver.open(changed) }
        }
        #expect(try receiver.open(datagram) == [1, 2, 3])
    }

    @Test func `another key opens nothing, and a second key is accepted during a change`() throws {
        var (sender, stranger) = (try sealer(1), try sealer(2, key: 9))
        let datagram = sender.seal([7])
        #expect(throws: DatagramSealer.Failure.forged) { try stranger.open(datagram) }
        var changing = try #require(
            DatagramSealer(
                keys: [Array(repeating: 9, count: 32), Array(repeating: 1, count: 32)],
                startNonce: Array(repeating: 3, count: 16)))
        #expect(try changing.open(datagram) == [7])
    }

    @Test func `one's own datagram that comes back is refused, and so is anything short`() throws {
        var sender = try sealer(1)
        let own = sender.seal([1])
        #expect(throws: DatagramSealer.Failure.replayed) { try sender.open(own) }
        for length in 0..<41 {
            #expect(throws: DatagramSealer.Failure.forged) { try sender.open(Array(repeating: 0, count: length)) }
        }
    }

    @Test func `over a change of keys a sender is understood at every step, and nothing is opened twice`() throws {
        let (old, new) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 9, count: 32))
        var (sender, receiver) = (try sealer(1), try sealer(2))
        var sent: [[UInt8]] = []
        for (sends, accepts) in [
            ([old], [old]), ([old], [old, new]), ([new, old], [old, new]), ([new], [new, old]),
        ] {
            sender.use(sends)
            receiver.use(accepts)
            sent.append(sender.seal([1]))
            #expect(try receiver.open(sent[sent.count - 1]) == [1])
            for datagram in sent {
                #expect(throws: DatagramSealer.Failure.replayed) { try receiver.open(datagram) }
            }
        }
        receiver.use([new])
        // What the old key sealed is nothing now.
        #expect(throws: DatagramSealer.Failure.forged) { try receiver.open(sent[0]) }
        #expect(try receiver.open(sender.seal([2])) == [2])
    }

    @Test func `no two of a cluster's datagrams show anything in common but their sender and its count`() throws {
        var sender = try sealer(1)
        let (one, two) = (sender.seal([1, 2, 3]), sender.seal([1, 2, 3]))
        #expect(zip(one.dropFirst(24), two.dropFirst(24)).count { $0 == $1 } < 4)
    }
}
