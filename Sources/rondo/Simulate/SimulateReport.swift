import Model
import Simulation

/// What `rondo simulate` says about a rehearsal: on the terminal and on a page.
enum SimulateReport {
    private static let mostLines = 400
    private static let mostLanes = 60

    static func opening(_ settings: SimulateSettings) -> String {
        "\(MarkupText.grouped(settings.servers)) simulated servers, \(settings.seconds) s of faults "
            + "(\(settings.faultNames)), then quiet. Seed \(settings.seed).\n\n"
    }

    static func text(_ chronicle: Chronicle, _ settings: SimulateSettings, took time: Duration) -> String {
        var text = lines(chronicle) + "\n"
        let figures = self.figures(chronicle)
        let widths = figures[0].indices.map { column in figures.map { $0[column].count }.max() ?? 0 }
        for row in figures {
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }
            text += cells.joined(separator: "  ") + "\n"
        }
        text += "\n\(verdict(chronicle))\n"
        text += "\(chronicle.length.text) of \(MarkupText.grouped(settings.servers)) servers in \(time.text), "
        text += "\(MarkupText.grouped(chronicle.handled)) events. Trace \(hexadecimal(chronicle.trace)).\n"
        return text + "Again: \(settings.replay)\n"
    }

    private static func lines(_ chronicle: Chronicle) -> String {
        var text = ""
        for moment in chronicle.moments.prefix(mostLines) {
            let time = MarkupText.number(seconds(moment.time), digits: 3)
            let space = String(repeating: " ", count: max(0, 9 - time.count))
            let indent = moment.kind == .fault || moment.kind == .broken || moment.place == nil ? "" : "  "
            text += "\(space)\(time)  \(indent)\(moment.text)\n"
        }
        let rest = chronicle.moments.count - mostLines
        return rest > 0 ? text + "           … and \(MarkupText.grouped(rest)) lines more\n" : text
    }

    static func verdict(_ chronicle: Chronicle) -> String {
        if !chronicle.broken.isEmpty { return "Broken: \(chronicle.broken.joined(separator: "; "))." }
        let wrongly = chronicle.aliveHeldDead
        let note = wrongly == 0 ? "" : " Cut off and held dead for a while: \(wrongly)."
        return "No rule was broken: one ring, equal rosters, the right roles and names after quiet.\(note)"
    }

    /// How fast it healed, by kind of fault; only where nothing else was wrong at the time.
    static func figures(_ chronicle: Chronicle) -> [[String]] {
        var rows = [["", "times", "median", "worst"]]
        func add(_ name: String, _ times: [Duration]) {
            guard !times.isEmpty else { return }
            let sorted = times.sorted()
            rows.append([name, "\(times.count)", sorted[sorted.count / 2].text, sorted[sorted.count - 1].text])
        }
        func times(_ faults: [FaultKind], _ time: (Chronicle.Recovery) -> Duration?) -> [Duration] {
            chronicle.recoveries.filter { faults.contains($0.fault) && !$0.wasDisturbed }.compactMap(time)
        }
        add("kill -9 → routed around", times([.kill], \.routedAround))
        add("kill -9 → gone everywhere", times([.kill], \.goneEverywhere))
        add("power or SIGSTOP → routed around", times([.power, .pause], \.routedAround))
        add("power or SIGSTOP → gone everywhere", times([.power, .pause], \.goneEverywhere))
        add("a role short → filled", times([.kill, .power, .pause], \.rolesInOrder))
        add("partition healed → one ring", times([.partition], \.oneRing))
        add("one direction healed → one ring", times([.oneWay], \.oneRing))
        add("an alert's full round", chronicle.rounds)
        let disturbed = chronicle.recoveries.count { $0.wasDisturbed }
        if disturbed > 0 { rows.append(["with another fault at the same time, not counted", "\(disturbed)", "", ""]) }
        return rows
    }

    static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func seconds(_ time: MonotonicTime) -> Double { Double(time.nanoseconds) / 1e9 }

    // MARK: The page

    static func timeline(_ chronicle: Chronicle, _ settings: SimulateSettings) -> Timeline {
        let length = Double(chronicle.length.nanoseconds) / 1e9
        var timeline = Timeline(
            title: "A rehearsal of \(MarkupText.grouped(settings.servers)) Rondo servers",
            summary: "The servers' own code played in a simulated world: \(settings.seconds) seconds of faults from "
                + "one seed, then quiet. Servers stand in the order of their ids, each beside its neighbours in the ring.",
            isWell: chronicle.broken.isEmpty, verdict: verdict(chronicle), length: length)
        timeline.facts = [
            ("Seed", "\(settings.seed)"), ("Faults", settings.faultNames),
            ("Simulated", chronicle.length.text), ("Trace", hexadecimal(chronicle.trace)), ("Again", settings.replay),
        ]
        timeline.figures = figures(chronicle)
        addLanes(of: chronicle, to: &timeline)
        timeline.levelsTitle = "How many servers are there: what the running ones think (least to most), and the truth"
        timeline.levels = chronicle.census.map {
            Timeline.Level(
                time: seconds($0.time), least: Double($0.least), most: Double($0.most), wanted: Double($0.running))
        }
        timeline.rows = chronicle.moments.map {
            Timeline.Row(time: seconds($0.time), sign: sign($0.kind), text: $0.text)
        }
        return timeline
    }

    private static func addLanes(of chronicle: Chronicle, to timeline: inout Timeline) {
        let shown = lanes(of: chronicle)
        var lane: [Int: Int] = [:]
        for (index, place) in shown.enumerated() { lane[place] = index }
        timeline.lanes = shown.map { place in
            let server = chronicle.servers[place]
            return Timeline.Lane(name: "server \(server.name)", detail: "\(server.id), \(server.address)")
        }
        if shown.count < chronicle.servers.count {
            timeline.lanesNote =
                "\(shown.count) of \(MarkupText.grouped(chronicle.servers.count)) servers are shown: the first "
                + "to which something happened."
        }
        for stretch in chronicle.stretches {
            guard let index = lane[stretch.place] else { continue }
            let tone = tone(stretch.condition)
            timeline.lanes[index].stretches.append(
                Timeline.Stretch(
                    start: seconds(stretch.start), end: seconds(stretch.end), tone: tone, text: tone.meaning))
        }
        timeline.bands = chronicle.spells.map { spell in
            Timeline.Band(
                start: seconds(spell.start), end: seconds(spell.end), text: spell.text,
                groups: spell.groups.map { $0.compactMap { lane[$0] } })
        }
        timeline.marks = chronicle.moments.compactMap { moment in
            guard let index = moment.place.flatMap({ lane[$0] }) else { return nil }
            return Timeline.Mark(
                time: seconds(moment.time), lane: index, sign: sign(moment.kind), text: moment.text)
        }
    }

    /// All servers, or of many those whose condition changed.
    private static func lanes(of chronicle: Chronicle) -> [Int] {
        guard chronicle.servers.count > mostLanes else { return Array(chronicle.servers.indices) }
        var changes: [Int: Int] = [:]
        for stretch in chronicle.stretches { changes[stretch.place, default: 0] += 1 }
        return Array(chronicle.servers.indices.filter { changes[$0, default: 0] > 1 }.prefix(mostLanes))
    }

    private static func tone(_ condition: Chronicle.Condition) -> Timeline.Tone {
        switch condition {
        case .starting: .starting
        case .data: .data
        case .router: .router
        case .paused: .paused
        case .down: .down
        }
    }

    private static func sign(_ kind: Chronicle.Moment.Kind) -> Timeline.Sign {
        switch kind {
        case .fault: .fault
        case .suspicion: .suspicion
        case .death: .death
        case .alert: .alert
        case .manager: .manager
        case .role: .role
        case .recovery: .recovery
        case .broken: .broken
        }
    }
}
