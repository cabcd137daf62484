import Crypto
import HTTP
import Model
import Platform

/// Fetches a song chunk by chunk, from the cache where it is there, else from whatever Router has it, and verifies
/// each.
@Loop
final class SongFetcher {
    /// Chunks under way before the one that is wanted has been taken: what a change of Router may take unheard.
    private static let readAhead = 2

    private let session: RouterSession
    private let cache: ChunkCache

    init(session: RouterSession, cache: ChunkCache) {
        self.session = session
        self.cache = cache
    }

    /// The list of the song's chunks; where no Router answers, the one that was seen last.
    func manifest(of song: SongID) async throws(ClientError) -> Manifest {
        let target = "/api/v1/songs/\(song)/manifest"
        do throws(ClientError) {
            let (manifest, bytes) = try await session.perform { router throws(AttemptError) in
                let bytes = try await RouterSession.get(target, from: router, world: self.session.world).body
                return (try RouterSession.decode(Manifest.self, bytes), bytes)
            }
            await cache.keep(bytes, of: song)
            return manifest
        } catch .noRouter(let reason) {
            guard let manifest = await cache.manifest(of: song) else { throw .noRouter(reason) }
            return manifest
        }
    }

    /// The list that was seen last, for a listener whom no Router answers.
    func cachedManifest(of song: SongID) async -> Manifest? { await cache.manifest(of: song) }

    /// Hands the bytes of `chunks` to `take`, in order, fetching the next ones meanwhile.
    func stream(
        _ song: SongID, _ manifest: Manifest, chunks: Range<Int>,
        into take: (ArraySlice<UInt8>) async throws(ClientError) -> Void
    ) async throws(ClientError) {
        var ahead: [ChunkFetch] = []
        var next = chunks.lowerBound
        defer { for fetch in ahead { fetch.cancel() } }
        for _ in chunks {
            while next < chunks.upperBound, ahead.count <= Self.readAhead {
                ahead.append(
                    ChunkFetch { [self, next] () throws(ClientError) in
                        try await chunk(next, of: song, manifest)
                    })
                next += 1
            }
            let bytes = try await ahead[0].value()
            ahead.removeFirst()
            try await take(bytes[...])
        }
    }

    /// One chunk, verified.
    private func chunk(_ index: Int, of song: SongID, _ manifest: Manifest) async throws(ClientError) -> [UInt8] {
        let chunk = manifest.chunks[index]
        if let bytes = await cache.chunk(chunk.sha256, length: chunk.length) { return bytes }
        let partial = PartialChunk(chunk, target: "/api/v1/songs/\(song)/chunks/\(index)", world: session.world)
        let bytes = try await session.perform { router throws(AttemptError) in try await partial.complete(from: router)
        }
        await cache.keep(chunk.sha256, bytes)
        return bytes
    }
}

/// A chunk under way, in a task of its own.
@Loop
private final class ChunkFetch {
    private var result: Result<[UInt8], ClientError>?
    private var task: Task<Void, Never>?

    init(_ fetch: @escaping @Loop @Sendable () async throws(ClientError) -> [UInt8]) {
        task = Loop.spawn("chunk") { [weak self] in
            do throws(ClientError) {
                let bytes = try await fetch()
                self?.result = .success(bytes)
            } catch {
                self?.result = .failure(error)
            }
        }
    }

    func value() async throws(ClientError) -> [UInt8] {
        await task?.value
        guard let result else { throw .wrongBytes("a part of the song was not fetched") }
        return try result.get()
    }

    func cancel() { task?.cancel() }
}

/// What has arrived of a chunk: the next Router goes on at the byte where the last one stopped.
@Loop
private final class PartialChunk {
    private let chunk: ManifestChunk
    private let target: String
    private let world: ClientWorld
    private var bytes: [UInt8] = []
    private var entityTag: String?

    init(_ chunk: ManifestChunk, target: String, world: ClientWorld) {
        self.chunk = chunk
        self.target = target
        self.world = world
    }

    func complete(from router: Endpoint) async throws(AttemptError) -> [UInt8] {
        let exchange = try await HTTPExchange.open(router, "GET", target, headers: headers, world: world)
        defer { exchange.close() }
        let head = try await exchange.head()
        guard head.status == 200 || head.status == 206 else {
            let body = try await exchange.wholeBody(atMost: 64 << 10)
            try RouterSession.check(head, body)
            throw .another("answered \(head.status) to a request for a chunk")
        }
        if head.status == 200 {
            bytes.removeAll(keepingCapacity: true)
        } else if head.headers["Content-Range"]?.hasPrefix("bytes \(bytes.count)-") != true {
            throw .another("sent another range than it was asked for")
        }
        entityTag = head.headers["ETag"]
        while let piece = try await exchange.body() {
            guard bytes.count + piece.count <= chunk.length else { throw startAgain("sent too much of a chunk") }
            bytes += piece
        }
        guard bytes.count == chunk.length else { throw .another("sent too little of a chunk") }
        guard SHA256.hash(bytes) == chunk.sha256 else { throw startAgain("sent wrong bytes") }
        return bytes
    }

    private var headers: Headers {
        guard !bytes.isEmpty, let entityTag else { return [:] }
        return ["Range": "bytes=\(bytes.count)-", "If-Range": entityTag]
    }

    private func startAgain(_ reason: String) -> AttemptError {
        bytes = []
        entityTag = nil
        return .another(reason)
    }
}
