import Linux
import Model
import Peers
import Platform
import Testing
import TestTools
import Wire

/// Who has no key, and who has it and misbehaves.
@Suite(.timeLimit(.minutes(1))) struct PeerDoorTests {
    private static let right = PeerSecret(identity: "rondo/1", key: Array(repeating: 1, count: 32))

    /// A stream that has proven the key, and said nothing yet.
    @Loop
    private static func secured(to node: Node) async throws -> any ByteStream {
        let network = LinuxNetwork()
        let plain = try await network.connect(to: node.address.endpoint, from: .any, deadline: soon)
        return try await network.secure(plain, as: .client, secrets: [right], deadline: soon)
    }

    private struct Introduction: Encodable {
        var identity: PeerIdentity
        var link: LinkClass
    }

    @Test func `a rogue that accepts connections and stays silent costs a dial its deadline and nothing else`()
        async throws
    {
        try await onLoop {
            let (node, other) = (try Node(61), try Node(62))
            var held: [any ByteStream] = []
            let rogue = try LinuxNetwork().listen(on: Endpoint(.loopback, 0)) { held.append($0) }
            let clock = LinuxClock()
            let start = clock.now
            await #expect(throws: PeerError.self) {
                try await node.peers.connect(
                    to: PeerAddress(endpoint: rogue.local, life: nil), deadline: deadline(.milliseconds(300)))
            }
            #expect(clock.now - start < .seconds(5))
            #expect(try await node.peers.ping(other.address.endpoint, deadline: soon) == other.peers.identity)
            for stream in held { stream.close() }
            rogue.close()
            node.peers.stop()
            other.peers.stop()
        }
    }

    @Test func `a peer with the key that sends garbage is counted and cut off, and the others are served`() async throws
    {
        try await onLoop {
            let (node, other) = (try Node(63), try Node(64))
            let noise = [UInt8](repeating: 0xEE, count: 4_096)
            // Before it has said who it is.
            let rude = try await Self.secured(to: node)
            try await rude.write(noise, deadline: soon)
            #expect(try await rude.readAll(deadline: soon).isEmpty)
            #expect(await becomes { node.metrics.value("rondo_peer_bad_hellos_total") == 1 })
            // And after it.
            let stream = try await Self.secured(to: node)
            let hello = Introduction(
                identity: PeerIdentity(
                    life: ServerLife(id: ServerID(7), incarnation: Incarnation(1)), nonce: 5,
                    endpoint: Endpoint(.loopback, 9)), link: .control)
            let frame = Frame(kind: .hello, direction: .request, requestID: 0, header: WireJSON.encode(hello))
            try await stream.write(frame.encodedHead, deadline: soon)
            #expect(try await !stream.read(atMost: 4_096, deadline: soon).isEmpty)
            try await stream.write(noise, deadline: soon)
            _ = try await stream.readAll(deadline: soon)
            #expect(await becomes { node.metrics.value("rondo_peer_garbage_total") == 1 })
            #expect(try await other.peers.ping(node.address.endpoint, deadline: soon) == node.peers.identity)
            for peers in [node.peers, other.peers] { peers.stop() }
        }
    }

    @Test func `keys are changed in three steps while requests go both ways, and then the old one opens nothing`()
        async throws
    {
        try await onLoop {
            let (left, right) = (try Node(65), try Node(66))
            for node in [left, right] { node.peers.handle(.chunkHave) { .success(PeerReply(body: $0.body)) } }
            let old = Self.right
            let new = PeerSecret(identity: "rondo/2", key: Array(repeating: 2, count: 32))
            func bothWays() async throws {
                for (from, to) in [(left, right), (right, left)] {
                    for kind in LinkClass.allCases {
                        let reply = try await from.peers.request(
                            .chunkHave, to: to.address, over: kind, body: [3], deadline: soon)
                        #expect(reply.body == [3])
                    }
                }
            }
            try await bothWays()
            for step in [[old, new], [new, old], [new]] {
                for node in [left, right] {
                    node.peers.use(step)
                    try await bothWays()
                }
            }
            // What rested on the old key is closed, what is open rests on the new one.
            #expect(await becomes { left.peers.hasLink(to: right.address) && right.peers.hasLink(to: left.address) })
            let stranger = try Node(67)
            for node in [left, right] {
                await #expect(throws: PeerError.self) {
                    try await stranger.peers.connect(to: node.address, deadline: soon)
                }
            }
            let anew = try Node(68, key: 2)
            #expect(try await anew.peers.ping(left.address.endpoint, deadline: soon) == left.peers.identity)
            for node in [left, right, stranger, anew] { node.peers.stop() }
        }
    }

    @Test func `a link that rests on a key that is gone ends when what is under way on it has ended`() async throws {
        try await onLoop {
            let (left, right) = (try Node(69), try Node(70))
            var closed = 0
            left.peers.lastLinkClosed = { _ in closed += 1 }
            var release: CheckedContinuation<Void, Never>?
            right.peers.handle(.chunkHave) { _ in
                await withCheckedContinuation { release = $0 }
                return .success(PeerReply(body: [4]))
            }
            let answer = Loop.start("request") {
                try await left.peers.request(.chunkHave, to: right.address, deadline: soon).body
            }
            #expect(await becomes { release != nil })
            let new = PeerSecret(identity: "rondo/2", key: Array(repeating: 2, count: 32))
            for node in [left, right] { node.peers.use([new]) }
            #expect(closed == 0 && !left.peers.hasLink(to: right.address))
            release?.resume()
            #expect(try await answer.value == [4])
            #expect(await becomes { closed == 1 })
            for node in [left, right] { node.peers.stop() }
        }
    }
}
