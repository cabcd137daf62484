import Foundation
import Linux
import Model
import Platform
import Testbed

// What a quiet cluster sends, by the counters of its hosts' interfaces.
extension RingBench {
    private static let trafficTime = Duration.seconds(20)

    /// Rondo's alone on the hosts, then Serf's beside it, less what Rondo sent; the samples are the hosts.
    func measureTraffic() async throws {
        var sent = Figure(
            "steady traffic of a server on a host, sent", servers: count, unit: .rate, bound: .init(worst: 2_000))
        var received = Figure(
            "steady traffic of a server on a host, received", servers: count, unit: .rate, bound: .init(worst: 2_000))
        // The rests after the start are over, and the roles are in order.
        await clock.sleep(for: .seconds(12))
        let own = await rates()
        (sent.samples, received.samples) = (own.map(\.sent), own.map(\.received))
        if options.serfRuns != 0 {
            try await startSerf()
            let both = await rates()
            sent.peer = zip(both, own).map { $0.sent - $1.sent }
            received.peer = zip(both, own).map { $0.received - $1.received }
            await serf.stop()
        }
        say("N=\(count) sends \(Table.number(sent.samples.max(), .rate)) at most")
        figures += [sent, received]
    }

    /// Bytes of IP packets a second, of each server's host.
    private func rates() async -> [InterfaceCounters] {
        let begin = clock.now
        let before = InterfaceCounters.all
        await clock.sleep(for: Self.trafficTime)
        let after = InterfaceCounters.all
        let length = Double(clock.now - begin)
        return rondo.servers.compactMap { server in
            let name = "cable\(server.host.number)"
            guard let first = before[name], let last = after[name] else { return nil }
            return InterfaceCounters(
                sent: (last.sent - first.sent) / length, received: (last.received - first.received) / length)
        }
    }
}

/// What a host has sent and received, in bytes of IP packets.
struct InterfaceCounters: Hashable {
    let sent: Double
    let received: Double

    private static let frameHead = 14.0

    /// Those of all cables, read on the loop, which is in the testbed's network.
    @Loop
    static var all: [String: InterfaceCounters] {
        let file = FileHandle(forReadingAtPath: "/proc/thread-self/net/dev")
        return read(String(decoding: (try? file?.readToEnd()) ?? Data(), as: UTF8.self))
    }

    /// Reads what the kernel says of the bridge's ends of the cables: what one of them receives, its host has sent.
    static func read(_ text: String) -> [String: InterfaceCounters] {
        var found: [String: InterfaceCounters] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            let numbers = parts.last?.split(separator: " ").compactMap { Double($0) } ?? []
            guard parts.count == 2, numbers.count >= 10 else { continue }
            found[parts[0].trimmingCharacters(in: .whitespaces)] = InterfaceCounters(
                sent: numbers[0] - numbers[1] * frameHead, received: numbers[8] - numbers[9] * frameHead)
        }
        return found
    }
}
