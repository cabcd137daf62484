internal import CLinux
internal import Glibc
internal import Model
internal import Platform

/// Closes connections whose last bytes may still be on their way: it sends the end of stream and throws away what
/// comes, until the other end closes too or a second has passed.
///
/// Without it the answer to a refused upload would be lost, since the client is still sending (RFC 9112 §9.6).
@Loop
final class Lingering: ReadinessHandler {
    private static var all: [ObjectIdentifier: Lingering] = [:]
    /// Connections that linger now.
    static var count: Int { all.count }
    private static let maximum = 256
    private static let time = Duration.seconds(1)

    private var socket: Descriptor?
    private var registration: Registration?
    private var timer: LoopTimer?

    /// Closes at once when too many linger already.
    static func finish(_ socket: consuming Descriptor) {
        guard all.count < maximum else { return }
        _ = shutdown(socket.number, Int32(SHUT_WR))
        let number = socket.number
        let one = Lingering(socket)
        guard let registration = try? Reactor.shared.register(number, .edge, one) else { return }
        one.registration = registration
        one.timer = Reactor.shared.timers.schedule(at: Reactor.now + time) { [weak one] in one?.end() }
        all[ObjectIdentifier(one)] = one
        one.became(.readable)
    }

    private init(_ socket: consuming Descriptor) { self.socket = consume socket }

    func became(_ readiness: Readiness) {
        guard let number = socket?.number else { return }
        // A fast sender shall not hold the loop: what is left over comes again as the next event, or the timer ends it.
        for _ in 0..<64 {
            switch Transfer(rondo_discard(number, 1 << 20)) {
            case .moved(let count) where count > 0: continue
            case .notReady: return
            default: return end()
            }
        }
        end()
    }

    private func end() {
        guard let socket = socket.take() else { return }
        if let registration { Reactor.shared.remove(socket.number, registration) }
        timer?.cancel()
        Self.all[ObjectIdentifier(self)] = nil
    }
}
