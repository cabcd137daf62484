internal import Model
internal import Placement
internal import Replication

// What the machines ask for.
extension StorageWorld {
    mutating func deliver(_ event: Repair.Event, to id: ServerID) {
        guard var machine = servers[id]?.repair else { return }
        var effects: [Repair.Effect] = []
        machine.handle(event, at: now, into: &effects)
        servers[id]?.repair = machine
        for effect in effects { perform(effect, by: id) }
    }

    private mutating func perform(_ effect: Repair.Effect, by id: ServerID) {
        switch effect {
        case .setTimer(let time, let generation):
            let life = servers[id]?.life
            after(max(.zero, time - now)) { world in
                guard world.servers[id]?.life == life, world.servers[id]?.isUp == true else { return }
                world.deliver(.timerFired(generation: generation), to: id)
            }
        case .listChunks: deliver(.chunksListed((servers[id]?.chunks ?? []).sorted()), to: id)
        case .ask(let question, let target, let hashes):
            let known = hashes.map { servers[id]?.references[$0] ?? [] }
            ask(
                target, by: id, within: .seconds(2),
                { world in
                    let held = world.held(hashes, by: target)
                    for (index, hash) in hashes.enumerated() where held[index] {
                        world.servers[target]?.references[hash, default: []].formUnion(known[index])
                    }
                    return held
                }
            ) { $0.deliver(.answered(question: question, held: $1), to: id) }
        case .push(let chunk, let target):
            guard let server = servers[id], server.need(chunk) != nil || isLeased(chunk, on: server) else {
                return after(.milliseconds(1)) { $0.deliver(.pushed(chunk, to: target, succeeded: true), to: id) }
            }
            let known = server.references[chunk] ?? []
            ask(target, by: id, within: .seconds(10), { $0.put(chunk, for: known, isUpload: false, on: target) }) {
                $0.deliver(.pushed(chunk, to: target, succeeded: $1 == true), to: id)
            }
        case .planned, .passEnded: break
        }
    }

    private func held(_ hashes: [ContentHash], by id: ServerID) -> [Bool] {
        hashes.map { servers[id]?.chunks.contains($0) ?? false }
    }

    mutating func lease(_ hashes: [ContentHash], on id: ServerID) -> [Bool] {
        for hash in hashes { servers[id]?.leases[hash] = now + Self.leaseTerm }
        return held(hashes, by: id)
    }

    func isLeased(_ hash: ContentHash, on server: Server) -> Bool {
        now < server.startedAt + Self.leaseTerm || server.leases[hash].map { now < $0 } ?? false
    }

    mutating func put(_ chunk: ContentHash, for recordings: Set<Int>, isUpload: Bool, on id: ServerID) -> Bool {
        if isUpload { servers[id]?.leases[chunk] = now + Self.leaseTerm }
        servers[id]?.chunks.insert(chunk)
        servers[id]?.references[chunk, default: []].formUnion(recordings)
        return true
    }

    /// Gives somebody the token for a second, and the next one before that is over.
    mutating func passToken() {
        after(milliseconds(500...2_000)) { world in
            let id = world.ids[Int.random(in: 0..<world.ids.count, using: &world.generator)]
            world.takeToken(id)
            world.passToken()
        }
    }

    private mutating func takeToken(_ id: ServerID) {
        guard let server = servers[id], server.isUp, server.view.count > 1 else { return }
        let isSettled =
            now - server.placedAt >= Self.leaseTerm && server.repair.wasSettled(under: server.placement)
        deliver(
            .tokenTaken(
                server.placement, others: others(of: id), isWhole: server.view.count == ids.count,
                isSettled: isSettled), to: id)
        let life = server.life
        after(.seconds(1)) { world in
            if world.servers[id]?.life == life { world.deliver(.tokenLost, to: id) }
        }
    }

    private mutating func deliver(_ event: Freeing.Event, to id: ServerID) {
        guard var machine = servers[id]?.freeing else { return }
        var effects: [Freeing.Effect] = []
        machine.handle(event, into: &effects)
        servers[id]?.freeing = machine
        for effect in effects { perform(effect, by: id) }
    }

    private mutating func perform(_ effect: Freeing.Effect, by id: ServerID) {
        switch effect {
        case .list(let first, let limit): deliver(listed(after: first, limit, of: id), to: id)
        case .askNeed(let question, let target, let hashes):
            let told = hashes.map { servers[id]?.references[$0] ?? [] }
            ask(
                target, by: id, within: .seconds(2),
                { world in
                    zip(hashes, told).map { hash, told in
                        let server = world.servers[target]
                        return server?.need(hash, told) ?? server?.references[hash]?.subtracting(told).min()
                    }
                }
            ) { world, needs in
                for (hash, need) in zip(hashes, needs ?? []) where world.servers[id]?.chunks.contains(hash) == true {
                    if let need { world.servers[id]?.references[hash, default: []].insert(need) }
                }
                world.deliver(.answered(question: question, needs?.map { $0 != nil }), to: id)
            }
        case .askReceipt(let question, let target, let hashes):
            ask(target, by: id, within: .seconds(2), { $0.lease(hashes, on: target) }) {
                $0.deliver(.answered(question: question, $1), to: id)
            }
        case .remove(let chunk):
            // The disk takes its time, and a put may come first.
            let life = servers[id]?.life
            after(milliseconds(0...20)) { world in
                guard world.servers[id]?.life == life else { return }
                world.deliver(.removed(chunk, succeeded: world.remove(chunk, from: id)), to: id)
            }
        case .ended: break
        }
    }

    private func listed(after first: ContentHash?, _ limit: Int, of id: ServerID) -> Freeing.Event {
        guard let server = servers[id] else { return .listed([], end: nil) }
        let all = server.references.keys.filter { chunk in first.map { $0 < chunk } ?? true }.sorted()
        let page = all.prefix(limit)
        let free = page.filter { server.chunks.contains($0) && !isLeased($0, on: server) }
        return .listed(
            free.map { Freeing.Listed($0, isNeeded: server.need($0) != nil) }, end: all.count > limit ? page.last : nil)
    }

    private mutating func remove(_ chunk: ContentHash, from id: ServerID) -> Bool {
        guard let server = servers[id], server.chunks.contains(chunk), !isLeased(chunk, on: server) else {
            return false
        }
        servers[id]?.chunks.remove(chunk)
        servers[id]?.references[chunk] = nil
        freed += 1
        if isPromised(chunk), copies(of: chunk) < 2 {
            violations.append("\(now): \(id.short) freed a chunk of which \(copies(of: chunk)) copies are left")
        }
        return true
    }
}
