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
        server = WebServer(network: world.network, clock: world.clock, metrics: metrics, log: world.log) { request, _ in
            switch request.target.segments {
            case ["healthz"]: .bytes(Array("ok\n".utf8), contentType: "text/plain")
            case ["readyz"]:
                view.unreadiness.isEmpty
                    ? .bytes([], contentType: "text/plain") : .failure(APIError(503, "x", "\(view.unreadiness)"))
            case ["api", "v1", "cluster"]: .json(view.status)
            default: .failure(APIError(404, "x", "x"))
            }
        }
        do throws(StreamError) {
            port = try server.listen(on: endpoint).port
        } catch {
            throw StartFailure("HTTP port \(endpoint) cannot be opened: \(error.reason)")
        }
    }

    func drain(until deadline: MonotonicTime) async { await server.drain(until: deadline) }

    func stop() { Loop.spawn("web.stop") { [server] in await server.drain(until: .zero) } }
}
