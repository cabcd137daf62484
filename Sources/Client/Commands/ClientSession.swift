import Model
package import Platform

/// Does what a listener asks for: one session for one command, or for a whole evening at the prompt.
@Loop
package final class ClientSession {
    private let world: ClientWorld
    private let session: RouterSession
    private let finder: SongFinder
    private let fetcher: SongFetcher

    package init(world: ClientWorld, directory: any RouterDirectory, cache: ChunkCache) {
        self.world = world
        session = RouterSession(world: world, directory: directory)
        finder = SongFinder(session: session)
        fetcher = SongFetcher(session: session, cache: cache)
    }

    /// - Throws: `ClientError`, whose description is for standard error.
    package func run(_ command: ClientCommand) async throws(ClientError) {
        switch command {
        case .list: try await list(nil)
        case .search(let words): try await list(words)
        case .upload(let paths, let showsEach): try await upload(paths, showsEach)
        case .play(let song, let output): try await play(song, output)
        case .download(let song, let output): try await download(song, output)
        case .fragment(let song, let fromMs, let count, let output):
            try await fragment(song, fromMs: fromMs, count: count, output)
        case .status(let json): try await ClusterReport(session: session).show(asJSON: json)
        }
    }

    /// The number of songs in the library.
    package func songCount() async throws(ClientError) -> Int { try await finder.count() }

    private func list(_ words: String?) async throws(ClientError) {
        let total = try await finder.forEachPage(matching: words) { songs in
            let rows = songs.map { song in
                [song.id.description, song.title, song.artist, song.album, TextTable.duration(ms: song.durationMs)]
                    + (song.available == false ? ["not available now"] : [])
            }
            for line in TextTable.lines(rows, rightAligned: [4]) { world.screen.line(line) }
        }
        let what = words == nil ? "in the library" : "found"
        world.screen.writeError("\(total) \(total == 1 ? "song" : "songs") \(what)\n")
    }

    private func upload(_ paths: [String], _ showsEach: Bool) async throws(ClientError) {
        let files = try await MusicFolder(files: world.files).files(at: paths)
        guard !files.isEmpty else {
            throw .file(
                "there is no music in \(paths.joined(separator: ", ")): mp3, flac, ogg, opus, m4a, aac, wav, aiff")
        }
        let summary = await upload(files, showsEach)
        if summary.failed > 0 {
            throw .file("\(summary.failed) of \(files.count) files could not be uploaded; the lines above say why")
        }
    }

    /// Uploads files, and says at the end what became of them.
    private func upload(_ files: [MusicFile], _ showsEach: Bool) async -> UploadSummary {
        let start = world.clock.now
        let summary = await Uploader(session: session, showsEach: showsEach).upload(files)
        let seconds = Double((world.clock.now - start).milliseconds) / 1000
        let rate = seconds > 0 ? Int64(Double(summary.bytes) / seconds) : 0
        world.screen.line(
            "\(summary.uploaded) uploaded (\(TextTable.bytes(summary.bytes)), \(TextTable.bytes(rate))/s), "
                + "\(summary.present) already there, \(summary.failed) failed")
        return summary
    }

    private func play(_ text: String, _ output: ClientCommand.Output) async throws(ClientError) {
        let (song, manifest) = try await songWithManifest(text)
        if case .file = output { throw .usage("play takes no file; use download, or play SONG -o -") }
        let sink = output == .stream ? world.output : try await world.openPlayer(manifest.contentType)
        if output != .stream {
            let length = TextTable.duration(ms: manifest.durationMs)
            world.screen.writeError("playing \(song?.name ?? text) (\(length))\n")
        }
        try await SongDelivery(fetcher: fetcher, manifest: manifest, id: song?.id ?? SongID(text)).whole(to: sink)
    }

    private func download(_ text: String, _ output: ClientCommand.Output) async throws(ClientError) {
        let (song, manifest) = try await songWithManifest(text)
        let delivery = SongDelivery(fetcher: fetcher, manifest: manifest, id: song?.id ?? SongID(text))
        if output == .stream { return try await delivery.whole(to: world.output) }
        let path = try await filePath(output, standard: song?.fileName ?? "\(text).audio")
        let file = DownloadFile(path: path, world: world, total: manifest.bytes)
        do throws(ClientError) {
            try await delivery.whole(to: file)
        } catch {
            await file.discard()
            throw error
        }
        world.screen.writeError("\(path): \(TextTable.bytes(manifest.bytes)), verified\n")
    }

    private func fragment(
        _ text: String, fromMs: Int64, count: Int, _ output: ClientCommand.Output
    ) async throws(ClientError) {
        let (song, manifest) = try await songWithManifest(text)
        let delivery = SongDelivery(fetcher: fetcher, manifest: manifest, id: song?.id ?? SongID(text))
        let chunks = try Self.chunks(of: manifest, fromMs: fromMs, count: count)
        let start = manifest.chunks[chunks.lowerBound].startMs
        let bytes = manifest.chunks[chunks].reduce(0) { $0 + Int64($1.length) }
        world.screen.writeError(
            "from \(start) ms: \(chunks.count) \(chunks.count == 1 ? "chunk" : "chunks"), \(TextTable.bytes(bytes))\n")
        if output == .stream { return try await delivery.part(chunks, to: world.output) }
        let standard = "\(song?.id.description ?? text)-\(start).fragment"
        let file = DownloadFile(path: try await filePath(output, standard: standard), world: world, total: bytes)
        do throws(ClientError) {
            try await delivery.part(chunks, to: file)
        } catch {
            await file.discard()
            throw error
        }
        world.screen.writeError("\(file.path): \(TextTable.bytes(bytes)), verified\n")
    }

    /// The chunk that contains `fromMs` and those after it, `count` in all; 0: to the end.
    static func chunks(of manifest: Manifest, fromMs: Int64, count: Int) throws(ClientError) -> Range<Int> {
        guard fromMs <= manifest.durationMs, let first = manifest.chunkIndex(atMs: fromMs) else {
            throw .usage("--from-ms \(fromMs) lies behind the end of the song, which is \(manifest.durationMs) ms long")
        }
        let end = manifest.chunks.count
        return first..<(count == 0 ? end : min(end, first + count))
    }

    /// The song and its manifest. With an id, and nobody there, the manifest from the cache has to do.
    private func songWithManifest(_ text: String) async throws(ClientError) -> (Song?, Manifest) {
        do throws(ClientError) {
            let song = try await finder.song(text)
            let manifest = try await fetcher.manifest(of: song.id)
            guard manifest.sha256 == song.sha256 else {
                throw .wrongBytes("the list of the song's chunks is another song's; try again")
            }
            return (song, manifest)
        } catch .noRouter(let reason) {
            guard let id = SongID(text), let manifest = await fetcher.cachedManifest(of: id) else {
                throw .noRouter(reason)
            }
            return (nil, manifest)
        }
    }

    /// A file in a folder that is named, or the file itself.
    private func filePath(_ output: ClientCommand.Output, standard: String) async throws(ClientError) -> String {
        guard case .file(let path) = output else { return standard }
        let isFolder = (try? await world.files.item(at: path))?.isFolder ?? false
        guard isFolder else { return path }
        return path.hasSuffix("/") ? path + standard : "\(path)/\(standard)"
    }
}
