internal import Model
internal import Placement

/// A random history of servers that keep music, from its seed: minutes of uploads, deletions, deaths of servers and of
/// disks, at most two at once, role changes and partitions; then quiet, in which all that was promised must come to be
/// where placement wants it, and nothing else be left.
package struct StorageHistory {
    package private(set) var world: StorageWorld
    private let down: Int

    /// Long enough for the leases of the last uploads to end, and for the surplus to be found and freed.
    private static let quiet = StorageWorld.leaseTerm * 6

    package init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 3...7, using: &generator)
        world = StorageWorld(servers: count, seed: generator.next())
        down = min(2, count - 2)
    }

    /// Plays it. - Returns: what broke, nil for nothing.
    package mutating func fault() -> String? {
        for _ in 0..<60 {
            world.run(for: world.milliseconds(200...8_000))
            act()
            if let fault = lost() { return fault }
        }
        world.heal()
        for id in world.ids { world.start(id) }
        world.liveSetChanged()
        world.run(for: Self.quiet)
        return lost() ?? unfinished()
    }

    private mutating func act() {
        let id = world.ids[Int.random(in: 0..<world.ids.count, using: &world.generator)]
        let recording = Int.random(in: 0..<world.recordings.count, using: &world.generator)
        switch Int.random(in: 0..<100, using: &world.generator) {
        case 0..<40: world.upload(recording, by: id)
        case 40..<60: world.delete(recording, by: id)
        case 60..<70: kill(id)
        case 70..<82:
            for other in world.ids.filter({ world.servers[$0]?.isUp == false }).prefix(1) { world.start(other) }
        case 82..<90: world.switchRole(of: id)
        case 90..<95: world.split()
        default: world.heal()
        }
    }

    /// Ends a server, with its disk now and then: as long as what was promised allows one more to be lost.
    private mutating func kill(_ id: ServerID) {
        let isDown = world.ids.count { world.servers[$0]?.isUp == false }
        guard world.servers[id]?.isUp == true, isDown < down else { return }
        world.crash(id, losingDisk: world.percent(40) && world.survives(withoutDiskOf: id))
    }

    /// The promise: what was acknowledged is on some disk.
    private func lost() -> String? {
        if let violation = world.violations.first { return violation }
        for recording in world.recordings.indices where world.mustExist(recording) {
            for chunk in world.recordings[recording] where world.copies(of: chunk) == 0 {
                return "\(world.now): a chunk of recording \(recording) is gone"
            }
        }
        return nil
    }

    /// What is left to do after the quiet.
    private func unfinished() -> String? {
        let placement = Placement(
            world.ids.map { .init(id: $0, role: world.servers[$0]?.role ?? .data) })
        var needed: Set<ContentHash> = []
        for recording in world.recordings.indices {
            let signs = world.ids.map { world.servers[$0]?.catalogue[recording] }
            if Set(signs).count > 1 { return "the catalogues differ over recording \(recording)" }
            if world.mustExist(recording), signs.first??.isAlive != true {
                return "recording \(recording) is not alive"
            }
            if signs.first??.isAlive == true { needed.formUnion(world.recordings[recording]) }
        }
        for id in world.ids {
            let wanted = needed.filter { placement.holders(of: $0, count: StorageWorld.replicas).contains(id) }
            let held = world.servers[id]?.chunks ?? []
            if let missing = wanted.subtracting(held).min(), world.copies(of: missing) > 0 {
                return "\(id.short) lacks \(missing)"
            }
            if let extra = held.subtracting(wanted).min() {
                let why = needed.contains(extra) ? "surplus" : "unneeded"
                return "\(id.short) still holds \(extra), which is \(why)"
            }
        }
        return nil
    }
}

extension StorageWorld {
    mutating func switchRole(of id: ServerID) {
        let role = servers[id]?.role
        let data = ids.count { servers[$0]?.role == .data }
        guard role == .router || data > 2 || (data == 2 && ids.count < 3) else { return }
        if role == .router, ids.count - data < 2 { return }
        servers[id]?.role = role == .data ? .router : .data
        liveSetChanged()
    }

    mutating func split() {
        for id in ids {
            let side = percent(35) ? 1 : 0
            servers[id]?.side = side
        }
        liveSetChanged()
    }

    mutating func heal() {
        for id in ids { servers[id]?.side = 0 }
        liveSetChanged()
    }

    /// Whether a copy and an entry of everything that was promised are on other disks too: what was acknowledged as on
    /// three disks outlives two losses, on two disks one.
    func survives(withoutDiskOf id: ServerID) -> Bool {
        var rest = self
        rest.servers[id]?.chunks = []
        rest.servers[id]?.catalogue = [:]
        return rest.leastCopies >= 1
    }
}
