import Linux
import Model
import Peers
import Platform
import Synchronization
import Testing
import TestTools
import Wire

@Suite(.timeLimit(.minutes(1))) struct PeersTests {

    @Test func `a request is answered over one link, in both directions`() async throws {
        try await onLoop {
            let (left, right) = (try Node(41), try Node(42))
            for node in [left, right] {
                node.peers.handle(.chunkHave) { request in
                    .success(PeerReply(header: request.header, body: request.body))
                }
            }
            let body = [UInt8](repeating: 9, count: 3 << 20)
            let there = try await left.peers.request(.chunkHave, to: right.address, body: body, deadline: soon)
            #expect(there.body == body)
            #expect(right.peers.hasLink(to: left.address))
            let back = try await right.peers.request(.chunkHave, to: left.address, body: [1], deadline: soon)
            #expect(back.body == [1])
            left.peers.stop()
            right.peers.stop()
        }
    }

    @Test func `a server with another key gets nothing and learns nothing`() async throws {
        try await onLoop {
            let (member, stranger) = (try Node(43), try Node(44, key: 2))
            let anyone = PeerAddress(endpoint: member.address.endpoint, life: nil)
            await #expect(throws: PeerError.self) { try await stranger.peers.connect(to: anyone, deadline: soon) }
            await #expect(throws: PeerError.self) {
                try await member.peers.connect(
                    to: PeerAddress(endpoint: stranger.address.endpoint, life: nil), deadline: soon)
            }
            #expect(member.metrics.value("rondo_peer_strangers_total") == 1)
            member.peers.stop()
            stranger.peers.stop()
        }
    }

    @Test func `who answers instead of the life that was meant is told`() async throws {
        try await onLoop {
            let (left, right) = (try Node(45), try Node(46))
            let earlier = ServerLife(id: right.peers.identity.life.id, incarnation: Incarnation(0))
            let meant = PeerAddress(endpoint: right.address.endpoint, life: earlier)
            await #expect(throws: PeerError.answeredBy(right.peers.identity)) {
                try await left.peers.connect(to: meant, deadline: soon)
            }
            left.peers.stop()
            right.peers.stop()
        }
    }

    @Test func `a handler that does not answer costs its caller the deadline and no more`() async throws {
        try await onLoop {
            let (left, right) = (try Node(47), try Node(48))
            var stuck: [CheckedContinuation<Void, Never>] = []
            right.peers.handle(.chunkRead) { _ in
                await withCheckedContinuation { stuck.append($0) }
                return .success(PeerReply())
            }
            await #expect(throws: PeerError.timedOut) {
                try await left.peers.request(.chunkRead, to: right.address, deadline: deadline(.milliseconds(100)))
            }
            #expect(try await left.peers.ping(right.address.endpoint, deadline: soon) == right.peers.identity)
            for one in stuck { one.resume() }
            left.peers.stop()
            right.peers.stop()
        }
    }

    @Test func `the end of a process is noticed at once, and its requests fail`() async throws {
        try await onLoop {
            let (left, right) = (try Node(49), try Node(50))
            try await left.peers.connect(to: right.address, deadline: soon)
            let lost = await withCheckedContinuation { continuation in
                left.peers.lastLinkClosed = { continuation.resume(returning: $0) }
                right.peers.stop()
            }
            #expect(lost.life == right.peers.identity.life)
            await #expect(throws: PeerError.unreachable(.refused)) {
                try await left.peers.redial(right.address, deadline: soon)
            }
            left.peers.stop()
        }
    }

    @Test func `garbage on the peer port ends that connection alone`() async throws {
        try await onLoop {
            let (left, right) = (try Node(51), try Node(52))
            let network = LinuxNetwork()
            for noise in [Array("GET / HTTP/1.1\r\n\r\n".utf8), [0, 0, 0, 0], Array(repeating: 0xFF, count: 4096)] {
                let stream = try await network.connect(to: right.address.endpoint, from: .any, deadline: soon)
                try await stream.write(noise, deadline: soon)
                stream.finishWriting()
                while try await !stream.read(atMost: 4096, deadline: soon).isEmpty {}
                stream.close()
            }
            #expect(try await left.peers.ping(right.address.endpoint, deadline: soon) == right.peers.identity)
            left.peers.stop()
            right.peers.stop()
        }
    }

    @Test func `strangers by the dozen are counted, and fill no log`() async throws {
        try await onLoop {
            let lines = Mutex(0)
            let node = try Node(55, log: Logger(level: .warning) { _, _, _ in lines.withLock { $0 += 1 } })
            for _ in 0..<24 {
                let stream = try await LinuxNetwork().connect(to: node.address.endpoint, from: .any, deadline: soon)
                try await stream.write(Array("no handshake".utf8), deadline: soon)
                while try await !stream.read(atMost: 4096, deadline: soon).isEmpty {}
                stream.close()
            }
            #expect(node.metrics.text.contains("rondo_peer_strangers_total 24\n"))
            #expect((1...4).contains(lines.withLock { $0 }))
            node.peers.stop()
        }
    }

    @Test func `many large requests at once are all answered`() async throws {
        try await onLoop {
            let (left, right) = (try Node(53), try Node(54))
            right.peers.handle(.chunkRead) { .success(PeerReply(body: $0.body)) }
            let limit = deadline(.seconds(30))
            let tasks = (0..<40).map { number in
                Task { @Loop in
                    let body = [UInt8](repeating: UInt8(number), count: 300_000)
                    let reply = try await left.peers.request(
                        .chunkRead, to: right.address, over: .bulk, body: body, deadline: limit)
                    return reply.body == body
                }
            }
            for task in tasks { #expect(try await task.value) }
            left.peers.stop()
            right.peers.stop()
        }
    }
}
