import Linux
import Model
import Platform
import Registry

/// Asks a registry again and again who is there, as any client may, and keeps when its answer changed.
@Loop
final class RegistryWatch {
    /// The addresses that the registry answers with.
    struct Listed: Hashable {
        var servers: Set<HostAddress> = []
        var data: Set<HostAddress> = []
    }

    private(set) var states: [Change<Listed>] = []
    private let clock: LinuxClock
    private let registry: Endpoint
    private let registries: Set<HostAddress>
    private var socket: (any DatagramSocket)?
    private var timer: (any TimerHandle)?
    private var number: UInt16 = 0
    private var waiting: [UInt16: DNSQuery] = [:]

    /// Between two questions; every fourth is about the Data servers.
    static let interval = Duration.milliseconds(4)

    /// - Parameter registries: all of them, which are servers too but no part of the ring.
    init(_ registry: HostAddress, among registries: [HostAddress], clock: LinuxClock) {
        self.clock = clock
        self.registry = Endpoint(registry, 5300)
        self.registries = Set(registries)
    }

    var listed: Listed { states.last?.state ?? Listed() }

    func start(_ network: any Network) throws(StreamError) {
        socket = try network.openDatagrams(on: Endpoint(.any, 0)) { [weak self] bytes, _ in self?.received(bytes) }
        ask()
    }

    func stop() {
        timer?.cancel()
        socket?.close()
    }

    private func ask() {
        number &+= 1
        let name = number % 4 == 0 ? "data" : "server"
        if let name = DomainName("\(name).rondo") {
            let query = DNSQuery(id: number, name, .a)
            waiting[number] = query
            waiting[number &- 512] = nil
            socket?.send(query.bytes, to: registry)
        }
        timer = clock.schedule(at: clock.now + Self.interval) { [weak self] in self?.ask() }
    }

    private func received(_ bytes: [UInt8]) {
        let time = WallTime(microseconds: clock.wallMicroseconds)
        guard bytes.count > 12, let query = waiting.removeValue(forKey: UInt16(bytes[0]) << 8 | UInt16(bytes[1])),
            let answer = try? query.answer(parsing: bytes)
        else { return }
        var next = listed
        if answer.code != .noError {
            // A registry that has just started does not know yet, and says so: whoever asks finds nobody.
            next = Listed()
        } else if query.id % 4 == 0 {
            next.data = Set(answer.addresses)
        } else {
            next.servers = Set(answer.addresses).subtracting(registries)
        }
        if next != listed { states.append(Change(time: time, state: next)) }
    }
}
