import HTTP
package import Model
package import Platform

/// Asks one server how it is.
@Loop
package enum ServerProbe {
    /// What `/readyz` says.
    package enum Readiness: Hashable, Sendable {
        case ready
        /// In the server's words, as one line.
        case notReady(String)
        /// Nobody answers.
        case silent
    }

    package static func readiness(of server: Endpoint, world: ClientWorld) async -> Readiness {
        do throws(AttemptError) {
            let exchange = try await HTTPExchange.open(server, "GET", "/readyz", world: world)
            defer { exchange.close() }
            let head = try await exchange.head()
            let body = try await exchange.wholeBody(atMost: 64 << 10)
            if head.status == 200 { return .ready }
            let lines = String(decoding: body, as: UTF8.self).split(whereSeparator: \.isNewline)
            return .notReady(lines.joined(separator: ", "))
        } catch {
            return .silent
        }
    }

    /// The cluster as `server` sees it; nil where it does not say.
    package static func status(toldBy server: Endpoint, world: ClientWorld) async -> ClusterStatus? {
        do throws(AttemptError) {
            let answer = try await RouterSession.get("/api/v1/cluster", from: server, world: world)
            return try RouterSession.decode(ClusterStatus.self, answer.body)
        } catch {
            return nil
        }
    }

    /// The live Routers, `HOST:PORT` as listeners reach them, by what `server` says; empty where it does not say.
    package static func routers(toldBy server: Endpoint, world: ClientWorld) async -> [String] {
        let live = await status(toldBy: server, world: world)?.members.filter { $0.state == "alive" } ?? []
        let routers = live.filter { $0.role == .router }
        return (routers.isEmpty ? live : routers).map(\.publicHttp).sorted()
    }
}
