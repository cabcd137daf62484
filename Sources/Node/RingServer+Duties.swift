internal import Model
internal import Peers
internal import Placement
internal import Platform
internal import Registry
internal import Ring
internal import RouterServer
internal import Wire

// What the ring's machine asks for.
extension RingServer: RingShellOwner {
    func adopt(_ role: Role) async {
        do {
            if state.state.role != role { try await state.change { $0.role = role } }
        } catch {
            world.log.error("the role could not be remembered", ["error": "\(error)"])
        }
        view.changed()
    }

    func persist(_ incarnation: Incarnation) async {
        do {
            try await state.change { $0.incarnation = max($0.incarnation, incarnation) }
            peers.useIncarnation(max(peers.identity.life.incarnation, incarnation))
        } catch {
            // An incarnation that is not on the disk must not be used: a restart would use it again.
            finish(StartFailure("the incarnation cannot be stored: \(error)"))
        }
    }

    func reportDeath(_ life: ServerLife) {
        registry?.report(DeathReport(reporter: peers.identity.life, accused: life, confirmed: true))
    }

    func ownEntryChanged() {
        registry?.renew()
    }

    func rosterChanged() {
        guard let shell else { return }
        if ring.update(from: shell.ring) { followLiveSet() }
        view.changed()
        metrics.set("rondo_ring_members", "Live servers in the ring.", to: Double(ring.others.count + 1))
    }

    /// Lets the disk follow the roster, once for all changes that come within a moment.
    private func followLiveSet() {
        guard !isFollowing else { return }
        isFollowing = true
        _ = world.clock.schedule(at: world.clock.now + Self.followDelay) { [weak self] in
            guard let self, let shell, !hasEnded else { return }
            isFollowing = false
            storage.liveSetChanged(ring.placement, notBefore: shell.ring.restUntil)
            rememberContacts()
        }
    }

    /// As many songs as are playing here: told in alerts, and once a second to those who watch.
    func loadChanged() {
        guard !isLoadStale else { return }
        isLoadStale = true
        _ = world.clock.schedule(at: world.clock.now + Self.loadDelay) { [weak self] in
            guard let self, !hasEnded else { return }
            isLoadStale = false
            shell?.handle(.loadChanged(storage.playing.streams))
            view.changed()
        }
    }

    func tokenTaken(_ token: TokenMark) { storage.tokenTaken(token, ring: ring) }

    func tokenLost() { storage.tokenLost() }

    private func rememberContacts() {
        let endpoints = ring.others.compactMap { ring.address(of: $0)?.endpoint }.prefix(RememberedContacts.maximum)
        guard !endpoints.isEmpty else { return }
        let bytes = WireJSON.encode(RememberedContacts(endpoints: Array(endpoints)))
        Loop.spawn("contacts.save") { [world] in
            do {
                try await world.files.saveState(RememberedContacts.fileName, bytes)
            } catch {
                world.log.warning("the ring's members could not be remembered", ["error": "\(error)"])
            }
        }
    }

    func ringStopped(_ reason: Ring.StopReason) {
        switch reason {
        case .left: finish(nil)
        case .duplicateIdentity(let other):
            finish(StartFailure("another process runs with this server's id at \(other); stop one of them"))
        }
    }
}
