import Crypto
import FoundationEssentials
import HTTP
import Linux
import Model
import Platform
import Testing

@testable import Client

/// A listener hears the song, whatever the Routers do.
@Suite struct FetchTests {
    private static func play(_ song: TestSong) -> ClientCommand { .play(song: song.id.description, output: .stream) }

    @Test func `a song is fetched chunk by chunk and verified`() async throws {
        try await withClient { tools in
            let song = TestSong()
            let router = try ScriptedRouter(tools) { try await song.serve($0, $1, $2) }
            try await tools.session([router]).run(Self.play(song))
            #expect(tools.output.bytes == song.bytes)
            #expect(tools.output.isFinished)
        }
    }

    @Test func `a chunk that a Router cuts off goes on at the next one at the same byte`() async throws {
        try await withClient { tools in
            let song = TestSong()
            let dying = try ScriptedRouter(tools) { router, request, stream in
                guard request.target == song.chunkPath(0) else { return try await song.serve(router, request, stream) }
                let tag = "\"\(SHA256.hash(song.chunks[0]))\""
                try await router.answer(stream, song.chunks[0], headers: ["ETag": tag], cutAfter: 123_456)
            }
            let other = try ScriptedRouter(tools) { try await song.serve($0, $1, $2) }
            try await tools.session([dying, other], cacheLimit: 0).run(Self.play(song))
            #expect(tools.output.bytes == song.bytes)
            #expect(other.requests.contains(song.chunkPath(0) + " [bytes=123456-]"), "\(other.requests)")
        }
    }

    @Test func `a Router that stands still is left after a second`() async throws {
        try await withClient { tools in
            let song = TestSong()
            let silent = try ScriptedRouter(tools) { router, request, stream in
                guard request.target == song.chunkPath(1) else { return try await song.serve(router, request, stream) }
                try await router.answer(stream, song.chunks[1], cutAfter: 1_000)
                _ = try await stream.read(atMost: 1, deadline: tools.clock.now + .seconds(20))
            }
            let other = try ScriptedRouter(tools) { try await song.serve($0, $1, $2) }
            let start = tools.clock.now
            try await tools.session([silent, other], cacheLimit: 0).run(Self.play(song))
            #expect(tools.output.bytes == song.bytes)
            #expect(tools.clock.now - start < .seconds(4))
        }
    }

    @Test func `wrong bytes are never handed on`() async throws {
        try await withClient { tools in
            let song = TestSong()
            let wrong = try ScriptedRouter(tools) { router, request, stream in
                guard request.target == song.chunkPath(1) else { return try await song.serve(router, request, stream) }
                var chunk = song.chunks[1]
                chunk[777] ^= 1
                try await router.answer(stream, chunk)
            }
            let other = try ScriptedRouter(tools) { try await song.serve($0, $1, $2) }
            try await tools.session([wrong, other], cacheLimit: 0).run(Self.play(song))
            #expect(tools.output.bytes == song.bytes)
        }
    }

    @Test func `a Router that is busy is passed over, one that says no is believed`() async throws {
        try await withClient { tools in
            let song = TestSong()
            let busy = try ScriptedRouter(tools) { router, _, stream in try await router.answer(stream, [], status: 503)
            }
            let other = try ScriptedRouter(tools) { try await song.serve($0, $1, $2) }
            let session = tools.session([busy, other])
            try await session.run(Self.play(song))
            #expect(tools.output.bytes == song.bytes)
            await #expect(throws: ClientError.self) {
                try await session.run(.play(song: SongID(7).description, output: .stream))
            }
            #expect(other.requests.count { $0 == "/api/v1/songs/\(SongID(7))" } == 1)
        }
    }

    @Test func `a Router that points elsewhere is followed`() async throws {
        try await withClient { tools in
            let song = TestSong()
            let other = try ScriptedRouter(tools) { try await song.serve($0, $1, $2) }
            let place = other.endpoint
            let full = try ScriptedRouter(tools) { router, request, stream in
                try await router.answer(
                    stream, [], status: 307, headers: ["Location": "http://\(place)\(request.target)"])
            }
            try await tools.session([full], cacheLimit: 0).run(Self.play(song))
            #expect(tools.output.bytes == song.bytes)
        }
    }

    @Test func `what was heard once is heard again with all Routers gone, and a damaged file of the cache is not`()
        async throws
    {
        try await withClient { tools in
            let song = TestSong()
            let router = try ScriptedRouter(tools) { try await song.serve($0, $1, $2) }
            try await tools.session([router]).run(Self.play(song))
            let asked = router.requests.count
            let path = "\(tools.folder)/cache/\(SHA256.hash(song.chunks[1]))"
            var damaged = song.chunks[1]
            damaged[5] ^= 1
            try Data(damaged).write(to: URL(filePath: path))
            try await tools.session([router]).run(Self.play(song))
            #expect(tools.output.bytes == song.bytes + song.bytes)
            #expect(router.requests.dropFirst(asked).filter { $0.contains("chunks") } == [song.chunkPath(1)])
            router.close()
            try await tools.session([router]).run(Self.play(song))
            #expect(tools.output.bytes == song.bytes + song.bytes + song.bytes)
        }
    }

    @Test func `a download appears when it is whole, and leaves nothing behind when it is not`() async throws {
        try await withClient { tools in
            let song = TestSong()
            let router = try ScriptedRouter(tools) { try await song.serve($0, $1, $2) }
            let target = tools.folder + "/out.ogg"
            try await tools.session([router]).run(.download(song: song.id.description, output: .file(target)))
            #expect([UInt8](try Data(contentsOf: URL(filePath: target))) == song.bytes)
            let nowhere = tools.folder + "/no/such/folder.ogg"
            await #expect(throws: ClientError.self) {
                try await tools.session([router]).run(.download(song: song.id.description, output: .file(nowhere)))
            }
            #expect(try await tools.files.names(in: tools.folder).sorted() == ["cache", "out.ogg"])
        }
    }

    @Test func `a fragment is the chunk that plays then, and as many as asked for`() async throws {
        try await withClient { tools in
            let song = TestSong()
            let router = try ScriptedRouter(tools) { try await song.serve($0, $1, $2) }
            let id = song.id.description
            try await tools.session([router]).run(.fragment(song: id, fromMs: 12_000, count: 1, output: .stream))
            #expect(tools.output.bytes == song.chunks[1])
            try await tools.session([router]).run(.fragment(song: id, fromMs: 9_999, count: 0, output: .stream))
            #expect(tools.output.bytes == song.chunks[1] + song.bytes)
            await #expect(throws: ClientError.self) {
                try await tools.session([router]).run(.fragment(song: id, fromMs: 20_001, count: 1, output: .stream))
            }
        }
    }
}

/// The cache stays within its bound.
@Suite struct ChunkCacheTests {
    @Test func `the least recently used chunk leaves first, also after a restart`() async throws {
        try await withClient { tools in
            let chunks = (0..<4).map { [UInt8](repeating: UInt8($0), count: 1_000) }
            let hashes = chunks.map { SHA256.hash($0) }
            let cache = tools.cache(limit: 3_000)
            for index in 0..<3 { await cache.keep(hashes[index], chunks[index]) }
            #expect(await cache.chunk(hashes[0], length: 1_000) == chunks[0])
            await cache.keep(hashes[3], chunks[3])
            #expect(await cache.chunk(hashes[1], length: 1_000) == nil)
            try await tools.untilFileTimesMove()
            #expect(await cache.chunk(hashes[0], length: 1_000) == chunks[0])
            let again = tools.cache(limit: 2_000)
            await again.keep(hashes[1], chunks[1])
            let files = try await tools.files.names(in: tools.folder + "/cache")
            #expect(files.count == 2)
            #expect(files.contains(hashes[0].description), "it was used last before the restart")
        }
    }

    @Test func `a cache without room keeps nothing and harms nobody`() async throws {
        try await withClient { tools in
            let cache = tools.cache(limit: 0)
            await cache.keep(SHA256.hash([1]), [1])
            #expect(await cache.chunk(SHA256.hash([1]), length: 1) == nil)
        }
    }
}
