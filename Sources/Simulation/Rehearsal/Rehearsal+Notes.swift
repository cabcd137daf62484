import Model
import Ring

// What the machines observed, in words.
extension Rehearsal {
    /// More lines of one kind at one glance become one.
    private static let fewAtOnce = 8

    mutating func readNotes() {
        let notes = world.notes[watch.notesRead...]
        watch.notesRead = world.notes.count
        var lines: [Chronicle.Moment] = []
        for note in notes {
            if let line = line(note) { lines.append(line) }
        }
        for kind in [Chronicle.Moment.Kind.suspicion, .death, .alert, .manager, .role, .recovery] {
            let ofKind = lines.filter { $0.kind == kind }
            guard ofKind.count > Rehearsal.fewAtOnce, let last = ofKind.last else { continue }
            lines.removeAll { $0.kind == kind }
            lines.append(
                Chronicle.Moment(
                    time: last.time, kind: kind, place: nil,
                    text: "\(ofKind.count) times within \((last.time - (ofKind.first?.time ?? last.time)).text): "
                        + "\(ofKind[0].text), …"))
        }
        chronicle.moments += lines.sorted { $0.time < $1.time }
    }

    private mutating func line(_ note: RingWorld.Note) -> Chronicle.Moment? {
        let who = name(note.server)
        func moment(_ kind: Chronicle.Moment.Kind, _ text: String, at place: Int? = nil) -> Chronicle.Moment {
            Chronicle.Moment(time: note.time, kind: kind, place: place ?? places[note.server], text: text)
        }
        switch note.observation {
        case .suspected(let life, let evidence):
            return moment(.suspicion, "\(who) suspects \(name(life.id)): \(evidence.words)")
        case .cleared(let life): return moment(.suspicion, "\(who) no longer suspects \(name(life.id))")
        case .died(let life, let evidence, let unconfirmed): return death(of: life, evidence, unconfirmed, note)
        case .refuted: return moment(.recovery, "\(who) says that it lives")
        case .alertLaunched(let alert, let failures):
            watch.launches[alert] = note.time
            let about = failures.isEmpty ? "nobody any more" : failures.map { name($0.id) }.joined(separator: ", ")
            return moment(.alert, "\(who) sends an alert about \(about)")
        case .alertAbsorbed(let alert, let other):
            return moment(.alert, "\(name(alert.origin.id))'s alert ends in that of \(name(other.origin.id))")
        case .becameManager(let alert): return managing(alert, note)
        case .imbalanceSent(let imbalance):
            let takers = imbalance.takers.map(name).joined(separator: ", ")
            let why = imbalance.isRebalancing ? "towards 2:3" : "\(imbalance.role.name) is short"
            return moment(.manager, "\(who) decides, \(why): \(takers) to be \(imbalance.role.name)")
        case .imbalanceStuck(let role, let missing):
            return moment(.manager, "\(who): \(missing) \(role.name) missing, and nobody may take it")
        case .roleTaken(let role, _): return moment(.role, "\(who) is now \(role.name)")
        case .merged(let returned): return moment(.recovery, "\(who) has \(returned) servers back")
        case .joined, .left, .returned, .alertSkipped, .tokenMade: return nil
        }
    }

    private mutating func death(
        of life: ServerLife, _ evidence: Ring.Evidence, _ unconfirmed: Bool, _ note: RingWorld.Note
    ) -> Chronicle.Moment? {
        watch.deaths += 1
        guard watch.deadTold.insert(life).inserted else { return nil }
        if world.servers.contains(where: { $0.life == life && $0.process == .up }) { chronicle.aliveHeldDead += 1 }
        let doubt = unconfirmed ? ", nobody else says so" : ""
        return Chronicle.Moment(
            time: note.time, kind: .death, place: ids[life.id],
            text: "\(name(note.server)) declares \(name(life.id)) dead: \(evidence.words)\(doubt)")
    }

    private mutating func managing(_ alert: AlertID, _ note: RingWorld.Note) -> Chronicle.Moment {
        let time = watch.launches.removeValue(forKey: alert).map { note.time - $0 }
        if let time { chronicle.rounds.append(time) }
        return Chronicle.Moment(
            time: note.time, kind: .manager, place: places[note.server],
            text: "\(name(note.server)) is manager\(time.map { ": its alert is back after \($0.text)" } ?? "")")
    }
}

extension Ring.Evidence {
    fileprivate var words: String {
        switch self {
        case .closed: "the connection closed, its address refuses"
        case .unanswered: "the connection closed, nobody answers"
        case .silent: "silent"
        }
    }
}
