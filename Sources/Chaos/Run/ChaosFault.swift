internal import Model

/// One thing that is done to a cluster, for a while, and then undone.
package struct ChaosFault: Hashable, Sendable {
    /// What is done. Servers go by their place among the cluster's servers, from 0.
    package enum Kind: Hashable, Sendable {
        /// SIGKILL; undone by starting it again.
        case kill(Int)
        /// SIGSTOP, undone by SIGCONT.
        case pause(Int)
        /// SIGTERM, and started again once it has left.
        case restart(Int)
        /// SIGKILL to a registry.
        case killRegistry(Int)
        /// A cable out.
        case unplug(Int)
        /// Sides of a split; registries go with them in turn.
        case split([[Int]])
        /// Nothing arrives from this server at the others.
        case mute(Int)
        /// So many of a hundred packets between any two hosts vanish.
        case loss(percent: Int)
    }

    package let kind: Kind
    /// From when it is done to when it is undone.
    package let length: Duration
    /// From one ring again to the next fault.
    package let rest: Duration

    /// For people: `server-3 killed`.
    package var text: String {
        switch kind {
        case .kill(let server): "server-\(server + 1) killed"
        case .pause(let server): "server-\(server + 1) stopped"
        case .restart(let server): "server-\(server + 1) restarted"
        case .killRegistry(let registry): "registry-\(registry + 1) killed"
        case .unplug(let server): "the cable of server-\(server + 1) out"
        case .split(let sides): "split \(sides.map { "\($0.count)" }.joined(separator: " | "))"
        case .mute(let server): "server-\(server + 1) heard by nobody"
        case .loss(let percent): "\(percent) % of packets lost"
        }
    }

    /// What the table sums up together.
    package var family: String {
        switch kind {
        case .kill: "kill -9"
        case .pause: "SIGSTOP"
        case .restart: "restart"
        case .killRegistry: "registry killed"
        case .unplug: "cable out"
        case .split: "partition"
        case .mute: "one way"
        case .loss: "packet loss"
        }
    }
}

/// Draws faults from a seed: the same seed, the same faults.
package struct ChaosPlan: Sendable {
    package let servers: Int
    package let registries: Int
    /// Whether there are cables.
    package let onHosts: Bool
    private var generator: SeededGenerator

    package init(servers: Int, registries: Int, onHosts: Bool, seed: UInt64) {
        self.servers = servers
        self.registries = registries
        self.onHosts = onHosts
        generator = SeededGenerator(seed: seed)
    }

    package mutating func next() -> ChaosFault {
        let kind = nextKind()
        let length: ClosedRange<Int> =
            switch kind {
            case .restart: 0...0
            case .split, .loss: 3_000...12_000
            default: 500...6_000
            }
        return ChaosFault(
            kind: kind, length: .milliseconds(Int.random(in: length, using: &generator)),
            rest: .milliseconds(Int.random(in: 500...3_000, using: &generator)))
    }

    private mutating func nextKind() -> ChaosFault.Kind {
        let server = Int.random(in: 0..<servers, using: &generator)
        switch Int.random(in: 0..<(onHosts ? 13 : 6), using: &generator) {
        case 0, 1: return .kill(server)
        case 2, 3: return .pause(server)
        case 4: return .restart(server)
        case 5: return registries > 1 ? .killRegistry(server % registries) : .kill(server)
        case 6: return .unplug(server)
        case 7, 8: return .split(sides(2))
        case 9: return .split(sides(3))
        case 10: return .split([(0..<servers).filter { $0 != server }, [server]])
        case 11: return .mute(server)
        default: return .loss(percent: Int.random(in: 5...20, using: &generator))
        }
    }

    /// Every server on some side, none of them empty.
    private mutating func sides(_ wanted: Int) -> [[Int]] {
        let order = Array(0..<servers).shuffled(using: &generator)
        let count = min(wanted, servers)
        var sides = order.prefix(count).map { [$0] }
        for server in order.dropFirst(count) { sides[Int.random(in: 0..<count, using: &generator)].append(server) }
        return sides.map { $0.sorted() }.sorted { $0.count > $1.count }
    }
}
