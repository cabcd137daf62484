import Foundation
import HTTP
import Linux
import Model
import Platform
@testable import RouterServer
import Testing
import TestTools

@Suite struct PlaylistTests {
    /// What the API says of a playlist.
    private struct Shown: Decodable {
        struct Line: Decodable {
            struct Song: Decodable { let id: SongID }

            let item: PlaylistID
            let song: Song
        }

        let id: PlaylistID
        let name: String
        let items: [Line]

        var songs: [SongID] { items.map(\.song.id) }
    }

    private static func songs(_ count: Int) throws -> [TestSong] {
        try (0..<count).map { try TestSong("Song \($0)", seed: UInt64($0 + 1)) }
    }

    @Loop
    private static func send(
        _ server: TestServer, _ method: String, _ path: String, _ body: [String: any Sendable]
    ) async throws -> HTTPAnswer {
        try await server.request(
            method, path, headers: ["Content-Type": "application/json"],
            body: [UInt8](try JSONSerialization.data(withJSONObject: body)))
    }

    private static func shown(_ answer: HTTPAnswer) throws -> Shown {
        try JSONText.decode(Shown.self, from: answer.body)
    }

    @Test func `A playlist is made, added to, put in order, renamed and deleted`() async throws {
        let songs = try Self.songs(4)
        let ids = songs.map(\.entry.id)
        try await onLoop {
            let server = try await TestServer(songs)
            let made = try await Self.send(
                server, "POST", "/api/v1/playlists", ["name": " Evening ", "songs": ids.prefix(3).map(\.description)])
            #expect(made.status == 201 && made.headers["X-Rondo-Replicas"] == "3")
            let list = try Self.shown(made)
            let path = try #require(made.headers["Location"])
            #expect(path == "/api/v1/playlists/\(list.id)" && list.name == "Evening")
            #expect(list.songs == Array(ids.prefix(3)))
            let items = list.items.map(\.item)
            let changed = try await Self.send(
                server, "PATCH", path,
                [
                    "name": "Night", "order": [items[2], items[0]].map(\.description), "remove": [items[1].description],
                    "add": [ids[3].description, ids[0].description],
                ])
            #expect(changed.status == 200)
            let after = try Self.shown(changed)
            #expect(after.name == "Night" && after.songs == [ids[2], ids[0], ids[3], ids[0]])
            #expect(try Self.shown(try await server.get(path)).songs == after.songs)
            #expect(try await server.get("/api/v1/playlists").text.contains(#""name":"Night","songs":4"#))
            #expect(try await server.request("DELETE", path).status == 204)
            #expect(try await server.request("DELETE", path).status == 204)
            #expect(try await server.get(path).status == 404)
            #expect(try await Self.send(server, "PATCH", path, ["name": "Again"]).status == 404)
            #expect(try await server.get("/api/v1/playlists").text == #"{"playlists":[]}"#)
            try await server.stop()
        }
    }

    @Test func `What is no playlist is refused, and nothing is written`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let lists = "/api/v1/playlists"
            #expect(try await Self.send(server, "POST", lists, ["songs": [String]()]).status == 400)
            #expect(try await Self.send(server, "POST", lists, ["name": "  "]).status == 400)
            #expect(try await Self.send(server, "POST", lists, ["name": 5]).status == 400)
            let unknown = try await Self.send(
                server, "POST", lists, ["name": "x", "songs": [song.entry.id, SongID(1)].map(\.description)])
            #expect(unknown.status == 404)
            #expect(try await server.request("POST", lists, body: Array("{".utf8)).status == 415)
            #expect(try await Self.send(server, "PATCH", lists + "/\(PlaylistID(5))", ["name": "x"]).status == 404)
            #expect(try await server.request("DELETE", lists + "/\(PlaylistID(5))").status == 404)
            #expect(try await server.get(lists + "/\(PlaylistID.favourites)").status == 404)
            #expect(try await server.request("DELETE", lists).status == 405)
            #expect(try await server.get(lists).text == #"{"playlists":[]}"#)
            server.edits.refusal = .tooFewServers
            #expect(try await Self.send(server, "POST", lists, ["name": "x"]).status == 503)
            try await server.stop()
        }
    }

    @Test func `Favourites are kept once each, the last one first, without those that are deleted`() async throws {
        let songs = try Self.songs(3)
        let ids = songs.map(\.entry.id)
        try await onLoop {
            let server = try await TestServer(songs)
            for id in [ids[0], ids[1], ids[2], ids[1]] {
                #expect(try await server.request("PUT", "/api/v1/favourites/\(id)").status == 204)
                // Two in one millisecond have no order.
                let began = server.clock.wallMs
                while server.clock.wallMs == began { await server.clock.sleep(for: .microseconds(200)) }
            }
            func favourites() async throws -> String { try await server.get("/api/v1/favourites").text }
            #expect(try await favourites() == #"{"songs":["\#(ids[1])","\#(ids[2])","\#(ids[0])"]}"#)
            #expect(try await server.request("DELETE", "/api/v1/favourites/\(ids[2])").status == 204)
            #expect(try await server.request("DELETE", songs[0].path).status == 204)
            #expect(try await favourites() == #"{"songs":["\#(ids[1])"]}"#)
            #expect(try await server.request("PUT", "/api/v1/favourites/\(ids[0])").status == 404)
            #expect(try await server.request("PUT", "/api/v1/favourites/x").status == 404)
            try await server.stop()
        }
    }

    @Test func `Playlists need the write token as songs do`() async throws {
        let song = try TestSong.one()
        var settings = WebAPI.Settings()
        settings.writeToken = "secret"
        try await onLoop { [settings] in
            let server = try await TestServer([song], settings: settings)
            #expect(try await Self.send(server, "POST", "/api/v1/playlists", ["name": "x"]).status == 401)
            #expect(try await server.request("PUT", "/api/v1/favourites/\(song.entry.id)").status == 401)
            #expect(try await server.get("/api/v1/favourites").status == 200)
            try await server.stop()
        }
    }

    @Test func `Moving one item changes one position, and any order can be reached however often one moves`() {
        var generator = SeededGenerator(seed: 8)
        var entries = PlaylistItems([]).appended((1...20).map { SongID(UInt128($0)) }, using: &generator).map {
            PlaylistEntry(
                playlist: PlaylistID(1), item: $0.id,
                content: Stamped(
                    .song($0.song, position: $0.position), at: Stamp(wallMs: 1, counter: 0, writer: ServerID(1))))
        }
        for round in 0..<400 {
            let before = PlaylistItems(entries).items.map(\.id)
            var order = before
            let moved = order.remove(at: Int.random(in: 0..<20, using: &generator))
            order.insert(moved, at: Int.random(in: 0..<20, using: &generator))
            if round % 50 == 49 { order.shuffle(using: &generator) }
            let changes = PlaylistItems(entries).moved(to: order)
            if round < 10 { #expect(changes.count <= 1, "round \(round): \(changes)") }
            for change in changes {
                let index = entries.firstIndex { $0.item == change.id } ?? 0
                entries[index].content.value = .song(change.song, position: change.position)
            }
            #expect(PlaylistItems(entries).items.map(\.id) == order, "round \(round)")
        }
    }

    @Test func `Items that an order does not name stay behind it, and unknown ones are nothing`() {
        var generator = SeededGenerator(seed: 9)
        let items = PlaylistItems([]).appended([SongID(1), SongID(2), SongID(3)], using: &generator)
        let entries = items.map {
            PlaylistEntry(
                playlist: PlaylistID(1), item: $0.id,
                content: Stamped(
                    .song($0.song, position: $0.position), at: Stamp(wallMs: 1, counter: 0, writer: ServerID(1))))
        }
        let changes = PlaylistItems(entries).moved(to: [items[2].id, PlaylistID(77), items[2].id])
        #expect(changes.map(\.id) == [items[2].id])
        #expect(changes[0].position < items[0].position)
    }
}
