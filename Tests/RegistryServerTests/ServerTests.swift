import Model
import Platform
import Registry
import RegistryServer
import Resolver
import Testing
import TestTools

@testable import Linux

@Suite struct ServerTests {
    @Test func `a server that the ring holds for dead is asked, and gone when it does not answer`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 3)
            office.alive.lives.remove(Office.life(1))
            let resolver = office.resolver()
            #expect(try await resolver.endpoints(of: .peers(.data), deadline: soon).count == 2)
            for accused in [1, 2] {
                office.server.report(
                    DeathReport(reporter: Office.life(3), accused: Office.life(accused), confirmed: true))
            }
            #expect(await becomes { office.server.snapshot.leases.count == 4 })
            let left = try await resolver.endpoints(of: .peers(.data), deadline: soon)
            #expect(left == [Endpoint(HostAddress(10, 0, 0, 2), 7700)])
            #expect(office.alive.asked == 2)
        }
    }

    @Test func `a check that never ends counts as failed in time`() async throws {
        try await onLoop {
            let clock = LinuxClock()
            let office = try Office()
            let server = try RegistryServer(
                identity: RegistryIdentity(
                    life: Office.life(99), address: .loopback, peerPort: 1, dnsPort: 0, httpPort: 1),
                zone: office.zone, keys: [], clock: clock, network: office.network, log: .none, metrics: Metrics(),
                seed: 1
            ) { _, _, deadline in
                await clock.sleep(until: deadline + .seconds(60))
                return .failed
            }
            office.server.stop()
            defer { server.stop() }
            let request = LeaseRequest(
                life: Office.life(1), held: .data, address: .loopback, peerPort: 7700, httpPort: 8080, state: .ready)
            #expect(server.lease(request, from: .loopback).outcome == .granted)
            let start = clock.now
            server.report(DeathReport(reporter: Office.life(3), accused: Office.life(1), confirmed: true))
            #expect(await becomes { server.snapshot.leases.isEmpty })
            #expect(clock.now - start >= .milliseconds(100))
        }
    }

    @Test func `a snapshot says who is there`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            #expect(!office.server.isFilled)
            office.lease(data: 2, router: 3)
            let snapshot = office.server.snapshot
            #expect(snapshot.isFilled && snapshot.counts == RoleCounts(data: 2, router: 3))
            #expect(snapshot.leases.map(\.life) == (1...5).map { Office.life($0) })
            #expect(snapshot.leases.allSatisfy { (1...10_000).contains($0.remainingMs) })
            office.server.release(LeaseRelease(life: Office.life(1)))
            #expect(office.server.snapshot.counts == RoleCounts(data: 1, router: 3))
            let labels = "role=\"data\""
            #expect(office.metrics.value("rondo_registry_leases", labels: labels) == 1)
        }
    }
}

@Suite struct ResolverTests {
    @Test func `the next registry is asked where one is silent`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 3)
            let silent = try office.network.openDatagrams(on: Endpoint(.loopback, 0)) { _, _ in }
            defer { silent.close() }
            let resolver = office.resolver([silent.local, office.dns])
            #expect(try await resolver.endpoints(of: .routers, deadline: soon).count == 3)
            #expect(try await resolver.endpoints(of: .registries, deadline: soon) == [office.dns])
        }
    }

    @Test func `a long answer is fetched over TCP`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 100)
            #expect(try await office.resolver().endpoints(of: .routers, deadline: soon).count == 100)
        }
    }

    @Test func `services whose addresses did not fit are resolved one by one`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            office.lease(data: 2, router: 14)
            let found = try await office.resolver().endpoints(of: .routers, deadline: soon)
            #expect(Set(found).count == 14)
        }
    }

    @Test func `nobody, not ready and refused are told apart`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            let silent = try office.network.openDatagrams(on: Endpoint(.loopback, 0)) { _, _ in }
            defer { silent.close() }
            let deadline = office.clock.now + .milliseconds(300)
            #expect(await Self.error(office.resolver([silent.local]), "data.rondo", deadline) == .noAnswer)
            let later = office.clock.now + .milliseconds(300)
            #expect(await Self.error(office.resolver(), "data.rondo", later) == .notReady)
            office.lease(data: 2, router: 3)
            #expect(await Self.error(office.resolver(), "example.org", soon) == .refused(.refused))
            #expect(await Self.error(office.resolver([]), "data.rondo", soon) == .noAnswer)
        }
    }

    @Test func `answers of strangers and to other questions are passed over`() async throws {
        try await onLoop {
            let office = try Office()
            defer { office.server.stop() }
            let forger = Forger()
            let real = try office.network.openDatagrams(on: Endpoint(.loopback, 0)) { bytes, asker in
                forger.answer(bytes, asker)
            }
            let stranger = try office.network.openDatagrams(on: Endpoint(.loopback, 0)) { _, _ in }
            defer {
                real.close()
                stranger.close()
            }
            (forger.real, forger.stranger) = (real, stranger)
            let name = try #require(DomainName("data.rondo"))
            let answer = try await office.resolver([real.local]).lookUp(name, .a, deadline: soon)
            #expect(answer.addresses == [HostAddress(9, 9, 9, 9)])
        }
    }

    @Loop
    private static func error(_ resolver: Resolver, _ name: String, _ deadline: MonotonicTime) async -> ResolverError? {
        guard let name = DomainName(name) else { return nil }
        do throws(ResolverError) {
            _ = try await resolver.lookUp(name, .a, deadline: deadline)
            return nil
        } catch {
            return error
        }
    }
}

/// Answers a query wrongly in every way that it can, and then rightly.
@Loop
private final class Forger {
    var real: (any DatagramSocket)?
    var stranger: (any DatagramSocket)?
    nonisolated init() {}

    func answer(_ bytes: [UInt8], _ asker: Endpoint) {
        guard let query = try? DNSMessage(parsing: bytes), let question = query.questions.first else { return }
        var right = query
        right.header.isResponse = true
        right.additionals = []
        right.answers = [DNSRecord(question.name, .a, ttl: 5, .address(HostAddress(9, 9, 9, 9)))]
        var wrong = right
        wrong.answers = [DNSRecord(question.name, .a, ttl: 5, .address(HostAddress(6, 6, 6, 6)))]
        stranger?.send(wrong.bytes, to: asker)
        var other = wrong
        other.header.id ^= 1
        real?.send(other.bytes, to: asker)
        other = wrong
        other.questions[0].type = .txt
        real?.send(other.bytes, to: asker)
        other = wrong
        other.header.isResponse = false
        real?.send(other.bytes, to: asker)
        real?.send(Array(wrong.bytes.dropLast()), to: asker)
        real?.send(right.bytes, to: asker)
    }
}
