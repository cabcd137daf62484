import Client
import Model
import Platform

/// How listeners outside reach a server: `HOST:PORT`, or `HOST:FIRST-LAST` where an engine publishes each container on
/// some port of a range and tells no container on which.
struct PublicHTTP: Hashable, Sendable {
    /// Far more than anybody publishes on one machine, and few enough to ask at once.
    private static let mostPorts = 256

    let host: String
    let ports: ClosedRange<UInt16>

    /// Nil where the text is neither.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isHost(parts[0]) else { return nil }
        let ends = parts[1].split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first > 0, first <= last,
            Int(last) - Int(first) < Self.mostPorts
        else { return nil }
        host = String(parts[0])
        ports = first...last
    }

    var isSinglePort: Bool { ports.count == 1 }

    /// `HOST:PORT`.
    func text(_ port: UInt16) -> String { "\(host):\(port)" }

    private static func isHost(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 253
            && text.utf8.allSatisfy { byte in
                byte == 0x2D || byte == 0x2E || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
            }
    }

    /// The port of the range behind which the server with this id answers; nil where none does.
    ///
    /// The engine's host forwards the published ports, and a container reaches it as its gateway: so the server asks
    /// itself through every port of the range, and knows the answer by its own id. Nothing of the engine has to be
    /// mounted into the container for that.
    @Loop
    func port(of server: ServerID, at gateway: HostAddress, world: ClientWorld) async -> UInt16? {
        let found = Found()
        let tasks = ports.map { port in
            Loop.spawn("public.port") {
                let status = await ServerProbe.status(toldBy: Endpoint(gateway, port), world: world)
                if status?.`self` == server { found.port = port }
            }
        }
        for task in tasks { await task.value }
        return found.port
    }

    @Loop
    private final class Found {
        var port: UInt16?
    }
}
