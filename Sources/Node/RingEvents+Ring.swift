internal import Model
internal import Ring
internal import RouterServer

/// What the ring's machine reports, in the words of those who watch.
extension RingEvents {
    func note(_ observation: Ring.Observation) {
        if let event = RingEvent(observation) { note(event) }
    }

    /// An alert goes on to the next server.
    func notePassed(_ alert: Alert, to next: ServerLife?) {
        var event = RingEvent(.alertPassed)
        event.alert = alert.id.description
        event.next = next?.id
        note(event)
    }

    /// This server has so many copies of chunks to make.
    func noteCopies(_ count: Int) {
        if count > 0 {
            isRepairing = true
            var event = RingEvent(.repairBegan)
            event.copies = count
            note(event)
        } else if isRepairing {
            isRepairing = false
            note(RingEvent(.repairEnded))
        }
    }
}

extension RingEvent {
    /// Nil for what is of no use to a watcher.
    fileprivate init?(_ observation: Ring.Observation) {
        switch observation {
        case .joined(let members):
            self.init(.joined)
            self.members = members
        case .suspected(let life, let evidence):
            self.init(.suspected, about: life.id)
            self.evidence = evidence.rawValue
        case .cleared(let life): self.init(.cleared, about: life.id)
        case .died(let life, let evidence, unconfirmed: _):
            self.init(.died, about: life.id)
            self.evidence = evidence.rawValue
        case .left(let life): self.init(.left, about: life.id)
        case .returned(let life): self.init(.returned, about: life.id)
        case .refuted: self.init(.refuted)
        case .alertLaunched(let alert, let failures):
            self.init(.alertLaunched)
            self.alert = alert.description
            self.failures = failures.map(\.id)
        case .becameManager(let alert):
            self.init(.manager)
            self.alert = alert.description
        case .imbalanceSent(let imbalance):
            self.init(.imbalance)
            role = imbalance.role
            servers = imbalance.takers
        case .roleTaken(let role, _):
            self.init(.roleTaken)
            self.role = role
        case .tokenMade: self.init(.token)
        case .merged, .alertAbsorbed, .alertSkipped, .imbalanceStuck: return nil
        }
    }
}
