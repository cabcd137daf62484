internal import HTTP
internal import Model
internal import Platform
internal import RouterServer
internal import WebServer

/// A server's HTTP side: the whole API, of which its role says how much it answers itself.
@Loop
final class ServerWeb {
    private let server: WebServer
    let port: UInt16

    /// - Throws: `StartFailure` when the port cannot be opened.
    init(
        endpoint: Endpoint, configuration: ServerConfiguration, world: World, view: ServerView, storage: Storage,
        metrics: Metrics
    ) throws(StartFailure) {
        var settings = WebAPI.Settings()
        settings.writeToken = configuration.writeToken
        let api = WebAPI(
            metadata: world.metadata, source: storage.reader, uploads: storage.uploads, edits: storage.edits,
            cluster: view, clock: world.clock, log: world.log, settings: settings,
            renditions: storage.renditions, unmeasured: { [loudness = storage.loudness] in loudness.want($0) })
        server = WebServer(
            network: world.network, clock: world.clock, metrics: metrics, log: world.log,
            isMemberOrigin: { api.isMemberOrigin($0) }, shortcut: { api.preparedAnswer(to: $0) },
            handler: { await api.answer($0, $1) })
        do throws(StreamError) {
            port = try server.listen(on: endpoint).port
        } catch {
            throw StartFailure("HTTP port \(endpoint) cannot be opened: \(error.reason)")
        }
    }

    func drain(until deadline: MonotonicTime) async { await server.drain(until: deadline) }

    func stop() { Loop.spawn("web.stop") { [server] in await server.drain(until: .zero) } }
}
