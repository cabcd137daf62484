import Crypto
import FoundationEssentials
import HTTP
import Linux
import Model
import Platform
import TestTools

@testable import Client

/// Makes a client, runs `body`, and removes its folder and its Routers whatever came of it.
func withClient(_ body: @escaping @Loop @Sendable (ClientTools) async throws -> Void) async throws {
    try await onLoop {
        let tools = try ClientTools()
        defer { tools.close() }
        try await body(tools)
    }
}

/// A Router that does as it is told: each test says how it answers a request, byte by byte where it matters.
@Loop
final class ScriptedRouter {
    typealias Script = @Loop @Sendable (ScriptedRouter, RequestHead, any ByteStream) async throws -> Void

    /// The heads of all requests in their order, without `GET `: `/api/v1/songs [bytes=5-]`.
    private(set) var requests: [String] = []
    /// The bodies of all requests.
    private(set) var bodies: [[UInt8]] = []
    let endpoint: Endpoint
    private var listener: (any StreamListener)?
    private let clock: LinuxClock

    init(_ tools: ClientTools, _ script: @escaping Script) throws {
        clock = tools.clock
        let waiting = Waiting()
        let listener = try tools.network.listen(on: Endpoint(.loopback, 0)) { stream in
            Loop.spawn("scripted router") { await waiting.router?.serve(stream, script) }
        }
        endpoint = listener.local
        self.listener = listener
        waiting.router = self
        tools.routers.append(self)
    }

    func close() { listener?.close() }

    private func serve(_ stream: any ByteStream, _ script: Script) async {
        defer { stream.close() }
        do {
            var parser = RequestParser()
            var body: [UInt8] = []
            var head: RequestHead?
            while true {
                switch try parser.next() {
                case .head(let request):
                    head = request
                    let range = request.headers["Range"].map { " [\($0)]" } ?? ""
                    requests.append(request.target + range)
                case .body(let bytes): body += bytes
                case .end:
                    bodies.append(body)
                    if let head { try await script(self, head, stream) }
                    return
                case nil:
                    let bytes = try await stream.read(atMost: 65_536, deadline: clock.now + .seconds(20))
                    if bytes.isEmpty { return }
                    parser.append(bytes)
                    continue
                }
                if refusesEarly, let head, head.method == "POST" {
                    try await script(self, head, stream)
                    return
                }
            }
        } catch {
            // The client left: that is what some tests want it to do.
            return
        }
    }

    /// Whether it answers as soon as it has a head, as a server does that has seen enough.
    var refusesEarly = false

    func answer(
        _ stream: any ByteStream, _ body: [UInt8], status: Int = 200, headers: Headers = [:], cutAfter: Int? = nil
    ) async throws {
        var headers = headers
        headers["Content-Length"] = String(body.count)
        let head = MessageWriter.response(status: status, headers: headers)
        try await stream.write(head, deadline: clock.now + .seconds(5))
        try await stream.write(body.prefix(cutAfter ?? body.count), deadline: clock.now + .seconds(5))
    }

    @Loop
    private final class Waiting {
        weak var router: ScriptedRouter?
    }
}

/// Always the same Routers.
@Loop
final class FixedDirectory: RouterDirectory {
    var list: [Endpoint]
    init(_ list: [Endpoint]) { self.list = list }
    func routers() async -> [Endpoint] { list }
    var explanation: String { "there is none in this test" }
}

/// Keeps what it gets.
@Loop
final class Collector: ByteSink {
    private(set) var bytes: [UInt8] = []
    private(set) var isFinished = false

    func write(_ more: ArraySlice<UInt8>) async throws(ClientError) { bytes += more }
    func finish() async throws(ClientError) { isFinished = true }
}

/// A client of its own, with a folder of its own.
@Loop
final class ClientTools {
    let clock = LinuxClock()
    let network = LinuxNetwork()
    let files = HostFiles()
    let output = Collector()
    private let temporary: TemporaryFolder
    var folder: String { temporary.path }
    let printed = Printed()

    init() throws { temporary = try TemporaryFolder() }

    /// Closed with the client.
    fileprivate var routers: [ScriptedRouter] = []

    fileprivate func close() {
        for router in routers { router.close() }
        routers = []
        temporary.remove()
    }

    var world: ClientWorld {
        let (printed, output) = (printed, output)
        return ClientWorld(
            clock: clock, network: network, files: files,
            screen: Screen(
                isTerminal: false, columns: 80, write: { printed.add($0) }, writeError: { printed.add($0) }),
            output: output
        ) { _ throws(ClientError) in output }
    }

    func cache(limit: Int64 = ChunkCache.standardLimit) -> ChunkCache {
        ChunkCache(files: files, folder: folder + "/cache", limit: limit)
    }

    func session(_ routers: [ScriptedRouter], cacheLimit: Int64 = ChunkCache.standardLimit) -> ClientSession {
        ClientSession(
            world: world, directory: FixedDirectory(routers.map(\.endpoint)), cache: cache(limit: cacheLimit))
    }

    /// Returns when a file that is written has a later time than all before: the kernel's clock for files has ticks of
    /// some milliseconds.
    func untilFileTimesMove() async throws {
        let probe = try file("probe", [1])
        let before = try await files.item(at: probe).modifiedMs
        repeat { try await files.touch(probe) } while try await files.item(at: probe).modifiedMs <= before
        try await files.remove(probe)
    }

    func file(_ name: String, _ bytes: [UInt8]) throws -> String { try temporary.file(name, bytes) }
}

/// What was written to the screen, from any thread.
final class Printed: Sendable {
    private let text = Locked("")
    func add(_ more: String) { text.withLock { $0 += more } }
    var all: String { text.withLock { $0 } }
}

/// A song made of three chunks of noise, as a Router would give it.
struct TestSong: Sendable {
    let id = SongID(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)
    let bytes: [UInt8]
    let chunks: [[UInt8]]
    let manifest: Manifest

    init(seed: UInt64 = 1) {
        var generator = SeededGenerator(seed: seed)
        chunks = [300_000, 200_000, 100].map { length in
            (0..<length).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        }
        bytes = chunks.flatMap { $0 }
        var offset: Int64 = 0
        var parts: [ManifestChunk] = []
        for (index, chunk) in chunks.enumerated() {
            parts.append(
                ManifestChunk(
                    kind: index == 2 ? .tail : .audio, startMs: Int64(index) * 10_000, startSample: 0, samples: 0,
                    offset: offset, length: chunk.count, sha256: SHA256.hash(chunk), crc32c: []))
            offset += Int64(chunk.count)
        }
        manifest = Manifest(
            sha256: SHA256.hash(bytes), bytes: offset, container: "ogg", codec: "vorbis", contentType: "audio/ogg",
            sampleRate: 44_100, channels: 2, bitsPerSample: 16, skipSamples: 0, totalSamples: 0, durationMs: 20_000,
            codecConfig: "", cover: nil, packets: nil, chunks: parts)
    }

    var json: String {
        "{\"id\":\"\(id)\",\"title\":\"Noise\",\"artist\":\"Nobody\",\"album\":\"None\",\"genre\":null,"
            + "\"durationMs\":20000,\"bytes\":\(bytes.count),\"contentType\":\"audio/ogg\","
            + "\"sha256\":\"\(manifest.sha256)\",\"available\":true}"
    }

    /// Answers the requests of a healthy Router, with ranges.
    @Loop
    func serve(_ router: ScriptedRouter, _ request: RequestHead, _ stream: any ByteStream) async throws {
        let path = "/api/v1/songs/\(id)"
        switch request.target {
        case path: try await router.answer(stream, Array(json.utf8))
        case path + "/manifest": try await router.answer(stream, JSONText.encode(manifest))
        case let target where target.hasPrefix(path + "/chunks/"):
            let index = Int(target.dropFirst(path.count + 8)) ?? 0
            try await serveChunk(index, router, request, stream)
        default:
            let error = "{\"error\":{\"code\":\"no_such_song\",\"message\":\"There is no song with this id.\"}}"
            try await router.answer(stream, Array(error.utf8), status: 404)
        }
    }

    @Loop
    private func serveChunk(
        _ index: Int, _ router: ScriptedRouter, _ request: RequestHead, _ stream: any ByteStream
    ) async throws {
        let chunk = chunks[index]
        let tag = "\"\(SHA256.hash(chunk))\""
        guard let range = request.headers["Range"], request.headers["If-Range"] == tag,
            let start = Int(range.dropFirst(6).prefix { $0 != "-" })
        else { return try await router.answer(stream, chunk, headers: ["ETag": tag]) }
        let headers: Headers = ["ETag": tag, "Content-Range": "bytes \(start)-\(chunk.count - 1)/\(chunk.count)"]
        try await router.answer(stream, Array(chunk[start...]), status: 206, headers: headers)
    }

    /// The path of a chunk.
    func chunkPath(_ index: Int) -> String { "/api/v1/songs/\(id)/chunks/\(index)" }
}
