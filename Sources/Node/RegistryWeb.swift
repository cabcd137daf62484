internal import HTTP
internal import Model
internal import Platform
internal import RegistryServer
internal import WebServer

/// The few pages of a registry: health, readiness, metrics, and what it knows.
@Loop
final class RegistryWeb {
    private let server: WebServer

    /// - Throws: `StartFailure` when the port cannot be opened.
    init(
        endpoints: [Endpoint], registry: RegistryServer, network: any Network, clock: any Clock, metrics: Metrics,
        log: Logger
    ) throws(StartFailure) {
        server = WebServer(network: network, clock: clock, metrics: metrics, log: log) { request, _ in
            guard request.method == "GET" || request.method == "HEAD" else {
                return .failure(
                    APIError(405, "method_not_allowed", "A registry's pages are read with GET."),
                    headers: ["Allow": "GET, HEAD"])
            }
            return switch request.target.segments {
            case ["healthz"]: Self.ok
            case ["readyz"]: registry.snapshot.isFilled ? Self.ok : Self.unready
            case ["metrics"]:
                .bytes(Array(metrics.text.utf8), contentType: "text/plain; version=0.0.4; charset=utf-8")
            case ["api", "v1", "cluster"]: .json(registry.snapshot)
            default: .failure(APIError(404, "not_found", "A registry has no such page; ask a Router for music."))
            }
        }
        for endpoint in endpoints {
            do throws(StreamError) {
                try server.listen(on: endpoint)
            } catch {
                throw StartFailure("HTTP port \(endpoint) cannot be opened: \(error.reason)")
            }
        }
    }

    private static var ok: Response { .bytes(Array("ok\n".utf8), contentType: "text/plain; charset=utf-8") }

    /// Of one that started empty, for a renewal period at most.
    private static var unready: Response {
        .failure(
            APIError(503, "not_ready", "This registry does not know yet who is there.", retryAfter: 1))
    }

    func drain(until deadline: MonotonicTime) async { await server.drain(until: deadline) }
}
