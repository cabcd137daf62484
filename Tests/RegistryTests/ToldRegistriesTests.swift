import Model
import Testing
import Wire

@testable import Registry

/// What renewals and their answers say of registries, and what they leave out.
@Suite struct ToldRegistriesTests {
    /// A server that renews at registries and takes their answers as it takes real ones.
    private struct Renewer {
        var told = ToldRegistries()
        var places: [Endpoint]
        var heard: LeaseAnswer?
        private(set) var said = LeaseRequest(
            life: Desk.life(1), address: .any, peerPort: 7700, httpPort: 8080, state: .ready)

        init(knowing numbers: Int...) { places = numbers.map { Registries.identity($0).peer } }

        /// - Parameter isLost: the answer does not come.
        mutating func renew(_ all: inout Registries, at registry: Int, isLost: Bool = false) {
            let place = Registries.identity(registry).peer
            said = Desk.request(1)
            (said.held, said.state, said.ringSize, said.sequence) = (.data, .ready, 30, 7)
            told.complete(&said, to: place, knowing: places)
            heard = isLost ? nil : all.ask(said, at: registry)
            if isLost { all.ask(said, at: registry) }
            guard let heard else { return }
            told.took(heard, of: place, knowing: places)
            if let live = heard.registries { places = live.map(\.peer) }
        }
    }

    @Test func `the list of registries is told once, and again when it is another`() throws {
        var all = try Registries.withFive(3)
        var server = Renewer(knowing: 0)
        server.renew(&all, at: 0)
        #expect(server.said.registries?.count == 1 && server.heard?.registries?.count == 3)
        server.renew(&all, at: 0)
        #expect(server.said.registries == nil && server.heard?.registries == nil && server.places.count == 3)
        all.kill(registry: 2)
        all.pass(.seconds(1))
        server.renew(&all, at: 0)
        #expect(server.heard?.registries?.count == 2)
        server.renew(&all, at: 0)
        #expect(server.said.registries == [Registries.identity(2).peer], "which it knew of until now")
        server.renew(&all, at: 0)
        #expect(server.said.registries == nil && server.heard?.registries == nil)
    }

    @Test func `what was lost with an answer is told with the next`() throws {
        var all = try Registries.withFive(2)
        var server = Renewer(knowing: 0)
        for _ in 0..<2 {
            server.renew(&all, at: 0, isLost: true)
            #expect(server.heard == nil && server.said.registries?.count == 1)
        }
        server.renew(&all, at: 0)
        #expect(server.heard?.registries?.count == 2)
    }

    @Test func `another registry is told of all that the server knows`() throws {
        var all = try Registries.withFive(2)
        var server = Renewer(knowing: 0)
        for _ in 0..<2 { server.renew(&all, at: 0) }
        server.renew(&all, at: 1)
        #expect(server.said.registries?.count == 2)
        #expect(server.heard?.registries == nil, "it has the same list")
        server.renew(&all, at: 1)
        #expect(server.said.registries == nil)
    }

    @Test func `a registry that started anew and was told of no other is told with the second renewal`() throws {
        var all = try Registries(2, naming: [[], []])
        all.pass(.seconds(4))
        var server = Renewer(knowing: 0, 1)
        server.renew(&all, at: 0)
        all.pass(.milliseconds(20))
        #expect(try all.hosts("registry.rondo", at: 0) == [1, 2])
        server.renew(&all, at: 0)
        all.cuts = [[0, 1]]
        for registry in 0...1 { all.kill(registry: registry) }
        for registry in 0...1 { try all.restart(registry: registry, naming: []) }
        all.cuts = []
        all.pass(.seconds(4))
        #expect(try all.hosts("registry.rondo", at: 0) == [1])
        for _ in 0..<2 { server.renew(&all, at: 0) }
        all.pass(.milliseconds(20))
        for registry in 0...1 { #expect(try all.hosts("registry.rondo", at: registry) == [1, 2]) }
    }

    @Test func `who does not say what it was told is told everything`() throws {
        var all = try Registries.withFive(3)
        for _ in 0..<2 { #expect(all.renew(1, at: 0)?.registries?.count == 3) }
    }

    @Test func `a renewal and its answer are short, whatever the number of registries`() throws {
        for count in [1, 3, 6] {
            var all = try Registries.withFive(count)
            var server = Renewer(knowing: 0)
            for _ in 0..<3 { server.renew(&all, at: 0) }
            let answer = try #require(server.heard)
            #expect(answer.contacts.count == 2 && !answer.contacts.contains { $0.life.id == Desk.life(1).id })
            let (request, reply) = (WireJSON.encode(server.said).count, WireJSON.encode(answer).count)
            #expect(request < 300 && reply < 400, "\(request) and \(reply) bytes")
        }
    }
}
