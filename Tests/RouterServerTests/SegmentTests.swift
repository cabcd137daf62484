import Crypto
import HTTP
import Model
import RouterServer
import SQLiteStore
import Segments
import TestTools
import Testing

@Suite struct SegmentAPITests {
    /// A segment as it should come: its head, then the chunk's bytes.
    private func segment(_ number: Int, of song: TestSong) throws -> [UInt8] {
        let segment = try SongSegments(song.stored.manifest, packets: song.packets)[number]
        return segment.head + segment.pieces.flatMap { song.bytes[Int($0.lowerBound)..<Int($0.upperBound)] }
    }

    @Test func `The playlist names ten segments of ten seconds`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let answer = try await server.get("\(song.path)/hls.m3u8")
            #expect(answer.status == 200)
            #expect(answer.headers["Content-Type"] == "application/vnd.apple.mpegurl")
            #expect(answer.headers["Access-Control-Allow-Origin"] == "*")
            #expect(answer.headers["Content-Length"] == String(answer.body.count))
            #expect(answer.text.matches(of: #/#EXTINF:10\.000000,\nseg\/\d\.m4s\n/#).count == 10)
            #expect(answer.text.hasSuffix("#EXT-X-ENDLIST\n"))
            let tag = try #require(answer.headers["ETag"])
            #expect(try await server.get("\(song.path)/hls.m3u8", ["If-None-Match": tag]).status == 304)
            try await server.stop()
        }
    }

    @Test func `Segments are a head and the very bytes of the chunks`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let first = try await server.get("\(song.path)/init.mp4")
            #expect(first.status == 200 && first.body.dropFirst(4).starts(with: "ftyp".utf8))
            #expect(first.headers["Content-Type"] == "audio/mp4; codecs=\"flac\"")
            var tags: Set<String?> = [first.headers["ETag"]]
            for number in 0..<10 {
                let answer = try await server.get("\(song.path)/seg/\(number).m4s")
                let chunk = try await server.get("\(song.path)/chunks/\(number + 1)")
                let expected = try segment(number, of: song)
                #expect(answer.status == 200 && answer.body == expected)
                #expect(answer.body.suffix(chunk.body.count).elementsEqual(chunk.body))
                #expect(answer.headers["Content-Length"] == String(answer.body.count))
                tags.insert(answer.headers["ETag"])
            }
            #expect(tags.count == 11)
            let read = server.library.bytesRead
            let head = try await server.request("HEAD", "\(song.path)/seg/3.m4s")
            #expect(head.status == 200 && head.body.isEmpty && server.library.bytesRead == read)
            let length = try segment(3, of: song).count
            #expect(head.headers["Content-Length"] == String(length))
            try await server.stop()
        }
    }

    @Test(arguments: [(0, 0), (0, 90_000), (100, 600), (500, 70_000), (70_000, 89_999)])
    func `A range of a segment is exactly its bytes, and resumes by its tag`(first: Int, last: Int) async throws {
        let song = try TestSong.one()
        let whole = try segment(0, of: song)
        try await onLoop {
            let server = try await TestServer([song])
            let tag = try await server.request("HEAD", "\(song.path)/seg/0.m4s").headers["ETag"] ?? ""
            let answer = try await server.get(
                "\(song.path)/seg/0.m4s", ["Range": "bytes=\(first)-\(last)", "If-Range": tag])
            #expect(answer.status == 206 && answer.body.elementsEqual(whole[first...last]))
            #expect(answer.headers["Content-Range"] == "bytes \(first)-\(last)/\(whole.count)")
            let several = try await server.get("\(song.path)/seg/0.m4s", ["Range": "bytes=0-3,-5"])
            #expect(several.status == 206 && several.text.contains("Content-Range: bytes 0-3/\(whole.count)"))
            try await server.stop()
        }
    }

    @Test(arguments: ["10", "-1", "x", "", "99999999999999999999"])
    func `A segment that is not there is 404`(number: String) async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            let answer = try await server.get("\(song.path)/seg/\(number).m4s")
            #expect(answer.status == 404)
            #expect(try code(answer) == "no_such_segment")
            #expect(try await server.get("\(song.path)/seg/1.mp4").status == 404)
            #expect(try await server.request("POST", "\(song.path)/hls.m3u8").status == 405)
            try await server.stop()
        }
    }

    @Test func `A song that no player takes in segments comes as its rendition, which is made when it is asked for`()
        async throws
    {
        let rendition = try TestSong("One as FLAC", seed: 2)
        let before = try TestSong("One", codec: "pcm")
        let after = try TestSong("One", codec: "pcm", rendition: rendition.asRendition)
        try await onLoop {
            let server = try await TestServer([before])
            let early = try await server.get("\(before.path)/hls.m3u8")
            #expect(early.status == 503)
            #expect(try code(early) == "rendition_pending")
            server.renditions.outcome = { _ in
                server.library.add(rendition)
                server.library.add(after)
                return after.entry
            }
            let expected = try segment(2, of: rendition)
            for _ in 0..<2 {
                let answer = try await server.get("\(before.path)/seg/2.m4s")
                #expect(answer.status == 200 && answer.body == expected)
            }
            // Afterwards the manifest names it.
            #expect(server.renditions.asked == 2)
            _ = try await server.metadata.change(after.entry.id) { _ in after.entry }
            let tag = try await server.get("\(after.path)/seg/2.m4s").headers["ETag"]
            #expect(server.renditions.asked == 2)
            #expect(tag?.hasPrefix("\"\(rendition.asRendition.sha256)-") == true)
            #expect(try await server.get("\(after.path)/audio").body == after.bytes)
            try await server.stop()
        }
    }

    @Test func `A rendition that is no better is 404, and one that was made for nothing is asked for again`()
        async throws
    {
        let useless = try TestSong("Useless", seed: 3, codec: "vorbis")
        let song = try TestSong("One", codec: "alac", rendition: useless.asRendition)
        let other = try TestSong("Two", codec: "alac")
        try await onLoop {
            let server = try await TestServer([song, other])
            server.library.add(useless)
            let answer = try await server.get("\(song.path)/init.mp4")
            #expect(answer.status == 404)
            #expect(try code(answer) == "no_segments")
            server.renditions.outcome = { $0 }
            let again = try await server.get("\(other.path)/init.mp4")
            #expect(try code(again) == "rendition_pending")
            try await server.stop()
        }
    }

    @Test func `A segment whose chunk nobody holds is 503, and one that fails in the middle is cut`() async throws {
        let song = try TestSong.one()
        try await onLoop {
            let server = try await TestServer([song])
            server.library.failsAt = 500_000
            #expect(try await server.get("\(song.path)/seg/0.m4s").status == 200)
            let error = await failure { _ = try await server.get("\(song.path)/seg/5.m4s") }
            #expect(error as? HTTPError == .truncated)
            let gone = try await server.get("\(song.path)/seg/6.m4s")
            #expect(gone.status == 503)
            #expect(try code(gone) == "chunk_unavailable")
            try await server.stop()
        }
    }
}
