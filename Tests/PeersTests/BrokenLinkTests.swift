import Linux
import Model
import Peers
import Platform
import Testing
import TestTools
import Wire

/// What becomes of requests when connections hang, and when both ends are busy.
@Suite(.timeLimit(.minutes(1))) struct BrokenLinkTests {

    @Test func `a request waits no longer than its deadline for a dial that another one began`() async throws {
        try await onLoop {
            let node = try Node(61)
            var silent: [any ByteStream] = []
            let listener = try LinuxNetwork().listen(on: Endpoint(.loopback, 0)) { silent.append($0) }
            let address = PeerAddress(endpoint: listener.local, life: nil)
            let began = LinuxClock().now
            let patient = Task { @Loop in
                await #expect(throws: PeerError.self) {
                    try await node.peers.connect(to: address, deadline: soon)
                }
                return LinuxClock().now - began
            }
            await Task.yield()
            await #expect(throws: PeerError.timedOut) {
                try await node.peers.request(.ping, to: address, deadline: deadline(.milliseconds(100)))
            }
            #expect(LinuxClock().now - began < .seconds(1))
            #expect(await patient.value > .seconds(1))
            listener.close()
            node.peers.stop()
            for stream in silent { stream.close() }
        }
    }

    @Test func `two servers that flood each other with bulk requests both get their answers`() async throws {
        try await onLoop {
            let (left, right) = (try Node(64), try Node(65))
            let body = [UInt8](repeating: 7, count: 4 << 20)
            for node in [left, right] { node.peers.handle(.chunkRead) { .success(PeerReply(body: $0.body)) } }
            let limit = deadline(.seconds(30))
            // One link is there before: whoever dials at the same time as the other has one of its own anyway.
            _ = try await left.peers.request(.ping, to: right.address, over: .bulk, deadline: limit)
            var tasks: [Task<Bool, any Error>] = []
            for _ in 0..<12 {
                for (asker, asked) in [(left, right), (right, left)] {
                    tasks.append(
                        Task { @Loop in
                            try await asker.peers.request(
                                .chunkRead, to: asked.address, over: .bulk, body: body, deadline: limit
                            ).body.count == body.count
                        })
                }
            }
            for task in tasks { #expect(try await task.value) }
            left.peers.stop()
            right.peers.stop()
        }
    }

    @Test func `a server that comes again is not looked for behind the connection of its last run`() async throws {
        try await onLoop {
            let (node, earlier) = (try Node(66), try Node(67))
            let relay = try Relay(to: node.address.endpoint)
            try await earlier.peers.connect(
                to: PeerAddress(endpoint: relay.endpoint, life: nil), deadline: soon)
            #expect(node.peers.hasLink(to: earlier.address))
            relay.cutAll()
            earlier.peers.stop()
            let again = try Node(67, after: earlier.peers.identity)
            try await again.peers.connect(to: node.address, deadline: soon)
            let began = LinuxClock().now
            _ = try await node.peers.request(.ping, to: again.address, deadline: soon)
            #expect(LinuxClock().now - began < .seconds(1))
            relay.stop()
            node.peers.stop()
            again.peers.stop()
        }
    }

    @Test func `a link that has gone silent is given up, and the next one works`() async throws {
        try await onLoop {
            let (left, right) = (try Node(68), try Node(69))
            let relay = try Relay(to: right.address.endpoint)
            let address = PeerAddress(endpoint: relay.endpoint, life: nil)
            _ = try await left.peers.request(.ping, to: address, deadline: soon)
            relay.cutAll()
            let limit = deadline(.seconds(8))
            var answer: PeerReply?
            while answer == nil, LinuxClock().now < limit {
                answer = try? await left.peers.request(.ping, to: address, deadline: deadline(.milliseconds(300)))
            }
            #expect(answer != nil)
            relay.stop()
            left.peers.stop()
            right.peers.stop()
        }
    }
}
