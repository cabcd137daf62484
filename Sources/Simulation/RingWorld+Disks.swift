internal import Model
internal import Registry
internal import Ring

// The disks: what is stored when, and what a disk does that is not well.
extension RingWorld {
    /// Changes how a disk treats writes; one that is well again ends the writes that waited for it.
    package mutating func setDisk(_ health: SimulatedDisk.Health, of index: Int) {
        servers[index].disk.health = health
        guard health != .stuck else { return }
        let held = servers[index].disk.held
        servers[index].disk.held = []
        for number in held { schedule(.stored(index, run: servers[index].run, number), after: .milliseconds(1)) }
        if servers[index].isStuckStarting { open(index) }
    }

    /// Puts an older state of its home in the place of a server's present one, as a backup does; it has to be down.
    package mutating func restore(_ home: SimulatedDisk.Home, to index: Int) {
        guard servers[index].process == .down else { return }
        servers[index].disk.home = home
    }

    /// A new host whose home is a copy of another server's: the same server, somewhere else.
    @discardableResult
    package mutating func cloneServer(_ index: Int) -> Int {
        let clone = addServer()
        servers[clone].id = servers[index].id
        servers[clone].disk.home = servers[index].disk.home
        return clone
    }

    mutating func persist(_ incarnation: Incarnation, of index: Int) {
        write(.incarnation(incarnation), taking: .microseconds(network.random(500...5_000)), of: index)
    }

    mutating func adopt(_ role: Role, by index: Int) {
        checkSwitch(to: role, by: index)
        write(.role(role), taking: .microseconds(network.random(1_000...20_000)), of: index)
    }

    private mutating func write(_ write: SimulatedDisk.Write, taking time: Duration, of index: Int) {
        let number = servers[index].disk.begin(write)
        switch servers[index].disk.health {
        case .fit: schedule(.stored(index, run: servers[index].run, number), after: time)
        case .slow(let delay): schedule(.stored(index, run: servers[index].run, number), after: time + delay)
        case .stuck: servers[index].disk.held.append(number)
        case .full: failed(number, write, of: index)
        }
    }

    /// The disk is full: a role is taken all the same, but an incarnation that is not stored must not be used.
    private mutating func failed(_ number: UInt64, _ write: SimulatedDisk.Write, of index: Int) {
        servers[index].disk.pending[number] = nil
        switch write {
        case .incarnation: stop(index)
        case .role(let role):
            schedule(.event(index, run: servers[index].run, .roleAdopted(role)), after: .milliseconds(1))
        }
    }

    mutating func stored(_ number: UInt64, of index: Int) {
        switch servers[index].disk.end(number) {
        case .incarnation(let incarnation): feed(.incarnationPersisted(incarnation), to: index)
        case .role(let role): feed(.roleAdopted(role), to: index)
        case nil: return
        }
    }
}
