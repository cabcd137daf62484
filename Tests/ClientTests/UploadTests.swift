import Crypto
import FoundationEssentials
import HTTP
import Linux
import Model
import Platform
import Testing

@testable import Client

/// Files reach the cluster once, whole, or with a reason.
@Suite struct UploadTests {
    private static let none = Array("{\"songs\":[],\"total\":0,\"next\":null}".utf8)

    /// A Router that has nothing and takes everything.
    @Loop
    private static func router(_ tools: ClientTools, _ song: TestSong) throws -> ScriptedRouter {
        try ScriptedRouter(tools) { router, request, stream in
            if request.method == "POST" {
                try await router.answer(stream, Array(song.json.utf8), status: 201, headers: ["X-Rondo-Replicas": "3"])
            } else {
                try await router.answer(stream, Self.none)
            }
        }
    }

    @Test func `a file is sent as a form, bit for bit, after the cluster was asked for its hash`() async throws {
        try await withClient { tools in
            let song = TestSong()
            let router = try Self.router(tools, song)
            let path = try tools.file("a \"quoted\" name.ogg", song.bytes)
            try await tools.session([router]).run(.upload(paths: [path], showsEach: true))
            #expect(router.requests == ["/api/v1/songs?limit=1&sha256=\(song.manifest.sha256)", "/api/v1/songs"])
            var form = try MultipartForm(contentType: UploadForm(fileName: "x", hash: song.manifest.sha256).contentType)
            var events: [FormEvent] = []
            try form.feed(#require(router.bodies.last)[...], into: &events)
            try form.finish()
            let file = events.reduce(into: [UInt8]()) { file, event in
                if case .fileBytes(let bytes) = event { file += bytes }
            }
            #expect(file == song.bytes)
            #expect(tools.printed.all.contains("uploaded  Nobody - Noise"))
            #expect(tools.printed.all.contains("3 replicas"))
        }
    }

    @Test func `a file that the cluster has is not sent again`() async throws {
        try await withClient { tools in
            let song = TestSong()
            let router = try ScriptedRouter(tools) { router, request, stream in
                #expect(request.method == "GET")
                let page = "{\"songs\":[\(song.json)],\"total\":1,\"next\":null}"
                try await router.answer(stream, Array(page.utf8))
            }
            let path = try tools.file("song.ogg", song.bytes)
            try await tools.session([router]).run(.upload(paths: [path], showsEach: true))
            #expect(tools.printed.all.contains("present   Nobody - Noise"))
        }
    }

    @Test func `a Router that refuses in the middle is heard, and its reason told`() async throws {
        try await withClient { tools in
            let song = TestSong()
            let router = try ScriptedRouter(tools) { router, request, stream in
                guard request.method == "POST" else { return try await router.answer(stream, Self.none) }
                let error = "{\"error\":{\"code\":\"too_large\",\"message\":\"This is larger than 1 GiB.\"}}"
                try await router.answer(stream, Array(error.utf8), status: 413)
            }
            router.refusesEarly = true
            let path = try tools.file("song.ogg", [UInt8](repeating: 1, count: 20_000_000) + song.bytes)
            await #expect(throws: ClientError.self) {
                try await tools.session([router]).run(.upload(paths: [path], showsEach: true))
            }
            #expect(tools.printed.all.contains("This is larger than 1 GiB."), "\(tools.printed.all)")
        }
    }

    @Test func `an upload whose Router dies is repeated at another`() async throws {
        try await withClient { tools in
            let song = TestSong()
            let dying = try ScriptedRouter(tools) { router, request, stream in
                guard request.method == "POST" else { return try await router.answer(stream, Self.none) }
                stream.close()
            }
            let other = try Self.router(tools, song)
            let path = try tools.file("song.ogg", song.bytes)
            try await tools.session([dying, other]).run(.upload(paths: [path], showsEach: true))
            #expect(other.requests.contains("/api/v1/songs"))
        }
    }

    @Test func `a folder is walked by its names, hidden and foreign files left out`() async throws {
        try await withClient { tools in
            try FileManager.default.createDirectory(
                atPath: tools.folder + "/m/b", withIntermediateDirectories: true)
            for name in ["m/b/2.FLAC", "m/a.mp3", "m/.hidden.mp3", "m/notes.txt"] { _ = try tools.file(name, [1]) }
            try FileManager.default.createSymbolicLink(
                atPath: tools.folder + "/m/b/loop", withDestinationPath: tools.folder + "/m/nowhere")
            let found = try await MusicFolder(files: tools.files).files(at: [tools.folder + "/m"])
            #expect(found.map(\.name) == ["a.mp3", "2.FLAC"])
            await #expect(throws: ClientError.self) {
                try await MusicFolder(files: tools.files).files(at: [tools.folder + "/missing"])
            }
        }
    }
}
