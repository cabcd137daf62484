import FoundationEssentials
import HTTP
import Linux
import Model
import Platform
import RouterServer
import SQLiteStore
import Testing
import TestTools
import WebServer

/// The API on a free port of the loopback address, over a real catalogue database and songs in memory.
@Loop
final class TestServer: HTTPTarget {
    let clock = LinuxClock()
    let network = LinuxNetwork()
    let library = TestLibrary()
    let renditions = TestRenditions()
    let uploads: TestUploads
    let edits: TestEdits
    let cluster: TestCluster
    let metadata: SQLiteStore
    let server: WebServer
    let endpoint: Endpoint
    private let folder: TemporaryFolder

    init(_ songs: [TestSong] = [], settings: WebAPI.Settings = WebAPI.Settings()) async throws {
        folder = try TemporaryFolder()
        let pool = BlockingPool(name: "catalogue", threads: 1)
        let store = try await SQLiteStore.open(
            path: folder.path + "/catalogue.db", server: ServerID(1), writing: pool, reading: pool)
        for song in songs {
            _ = try await store.change(song.entry.id) { _ in song.entry }
            library.add(song)
        }
        metadata = store
        uploads = TestUploads(clock: clock)
        edits = TestEdits(store)
        cluster = TestCluster(clock: clock)
        let api = WebAPI(
            metadata: store, source: library, uploads: uploads, edits: edits, cluster: cluster, clock: clock,
            log: .none, settings: settings, renditions: renditions)
        server = WebServer(
            network: network, clock: clock, metrics: Metrics(), log: .none,
            isMemberOrigin: { api.isMemberOrigin($0) }, shortcut: { api.preparedAnswer(to: $0) },
            handler: { await api.answer($0, $1) })
        endpoint = try server.listen(on: Endpoint(.loopback, 0))
    }

    func stop() async throws {
        await server.drain(until: clock.now)
        folder.remove()
    }
}
