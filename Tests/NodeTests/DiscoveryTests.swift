import Crypto
import Linux
import Model
import Platform
import Testing
import TestTools

@testable import Node

/// Whole servers that find each other by broadcast, over real sockets.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ServerDiscoveryTests {
    @Test func `servers without any registry find each other, and no server of another key`() async throws {
        try await onLoop {
            let cluster = try LiveCluster(discovers: true)
            let neighbour = try LiveCluster(beside: cluster)
            for one in [cluster, neighbour] { one.registries = [] }
            for _ in 0..<3 { try await cluster.add() }
            for _ in 0..<2 { try await neighbour.add() }
            #expect(await cluster.isInOrder(3), "\(cluster.roles)")
            #expect(await neighbour.isInOrder(2), "\(neighbour.roles)")
            await cluster.stop()
            await neighbour.stop()
        }
    }

    @Test func `a server without registry and neighbours founds a ring, and a second one joins it`() async throws {
        try await onLoop {
            let cluster = try LiveCluster(discovers: true)
            cluster.registries = []
            try await cluster.add()
            #expect(await cluster.isInOrder(1), "\(cluster.roles)")
            try await cluster.add()
            #expect(await cluster.isInOrder(2), "\(cluster.roles)")
            await cluster.stop()
        }
    }

    @Test func `a server whose registry is dead finds the ring and its registry through any of them`() async throws {
        try await onLoop {
            let cluster = try LiveCluster(discovers: true)
            try await cluster.startRegistry()
            for _ in 0..<2 { try await cluster.add() }
            #expect(await cluster.isInOrder(2), "\(cluster.roles)")
            cluster.registries = [Endpoint(HostAddress(127, 255, 0, 1), 1)]
            let late = try await cluster.add()
            #expect(await cluster.isInOrder(3), "\(cluster.roles)")
            #expect(late.isReady)
            await cluster.stop()
        }
    }

    @Test func `a server that was told of registries founds no ring alone while they are dead`() async throws {
        try await onLoop {
            let cluster = try LiveCluster(discovers: true)
            let server = try await cluster.add()
            let asked = "kind=\"asked\""
            #expect(
                await becomes {
                    server.server?.metrics.value("rondo_discovery_packets_total", labels: asked) ?? 0 > 4
                })
            #expect(server.members.isEmpty && !server.isReady)
            // The registry is retried meanwhile.
            try await cluster.startRegistry()
            #expect(await cluster.isInOrder(1))
            await cluster.stop()
        }
    }

    @Test func `two rings of two registries become one when both registries are dead`() async throws {
        try await onLoop {
            let left = try LiveCluster(discovers: true)
            let right = try LiveCluster(beside: left, key: left.key)
            for ring in [left, right] {
                try await ring.startRegistry()
                for _ in 0..<2 { try await ring.add() }
            }
            // Each has a registry that answers, so nobody asks.
            for ring in [left, right] { #expect(await ring.isInOrder(2)) }
            await left.stopRegistry()
            await right.stopRegistry()
            let all = left.servers + right.servers
            #expect(await becomes { all.allSatisfy { $0.members.count == 4 } })
            await left.stop()
            await right.stop()
        }
    }
}
