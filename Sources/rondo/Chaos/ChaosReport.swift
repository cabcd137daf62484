import Chaos
import Model

/// What `rondo chaos` says about a run: on the terminal and on a page.
enum ChaosReport {
    private static let shownFaults = 5

    static func text(_ chronicle: ChaosChronicle, _ settings: ChaosSettings) -> String {
        var text = "\n"
        let figures = figures(chronicle)
        let widths = figures[0].indices.map { column in figures.map { $0[column].count }.max() ?? 0 }
        for row in figures {
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }
            text += cells.joined(separator: "  ") + "\n"
        }
        text += "\n" + facts(chronicle).map { "\($0.name): \($0.value)\n" }.joined()
        return text + "\n\(verdict(chronicle))\nAgain: \(settings.replay)\n"
    }

    static func verdict(_ chronicle: ChaosChronicle) -> String {
        let faults = faults(chronicle)
        if faults.isEmpty {
            return "All is well: no song stopped, nothing acknowledged was lost, and the ring healed every time."
        }
        let more = faults.count > shownFaults ? "; and \(faults.count - shownFaults) more" : ""
        return "Broken: \(faults.prefix(shownFaults).joined(separator: "; "))\(more)."
    }

    /// All that must never happen: what the run found, and every song that a listener heard stop.
    static func faults(_ chronicle: ChaosChronicle) -> [String] {
        let gaps = chronicle.gaps.map { "a song stood still for \(seconds($0.length)) s at \(seconds($0.start)) s" }
        return chronicle.broken + gaps
    }

    /// How fast the cluster was one again, by kind of fault.
    static func figures(_ chronicle: ChaosChronicle) -> [[String]] {
        var rows = [["undone → one ring, roster, registries", "times", "median", "worst", "not"]]
        for family in Set(chronicle.wounds.map(\.fault.family)).sorted() {
            let wounds = chronicle.wounds.filter { $0.fault.family == family }
            let times = wounds.compactMap(\.healed).sorted()
            let median = times.isEmpty ? "" : "\(seconds(times[times.count / 2])) s"
            let worst = times.last.map { "\(seconds($0)) s" } ?? ""
            rows.append([family, "\(wounds.count)", median, worst, "\(wounds.count - times.count)"])
        }
        return rows
    }

    private static func facts(_ chronicle: ChaosChronicle) -> [(name: String, value: String)] {
        let refused = chronicle.uploads.count { if case .refused = $0.outcome { true } else { false } }
        let unknown = chronicle.uploads.count - chronicle.acknowledged - refused
        let longest = chronicle.gaps.map(\.length).max().map { ", the longest \(seconds($0)) s" } ?? ""
        return [
            ("Songs played", "\(chronicle.songsPlayed), by \(chronicle.listeners) listeners, every byte compared"),
            ("Changes of Router in a song", "\(chronicle.changes)"), ("Gaps", "\(chronicle.gaps.count)\(longest)"),
            (
                "Uploads",
                "\(chronicle.acknowledged) acknowledged, \(refused) refused, \(unknown) without an answer"
            ),
            ("Acknowledged songs found whole at every Router", "\(chronicle.songsKept)"),
        ]
    }

    // MARK: The page

    static func timeline(_ chronicle: ChaosChronicle, _ settings: ChaosSettings) -> Timeline {
        var timeline = Timeline(
            title: "\(settings.servers) Rondo servers under faults",
            summary: "Real processes on \(settings.ground.rawValue), hurt for \(settings.seconds) seconds while music "
                + "came in and played. Then the referee looked for every song that was acknowledged.",
            isWell: faults(chronicle).isEmpty, verdict: verdict(chronicle), length: number(chronicle.length))
        timeline.facts =
            [("Seed", "\(settings.seed)")] + facts(chronicle) + [("The same faults again", settings.replay)]
        timeline.figures = figures(chronicle)
        addLanes(of: chronicle, to: &timeline)
        timeline.bands = chronicle.wounds.map { wound in
            Timeline.Band(start: number(wound.start), end: number(wound.end), text: wound.fault.text, groups: [])
        }
        timeline.rows = rows(chronicle)
        return timeline
    }

    private static func addLanes(of chronicle: ChaosChronicle, to timeline: inout Timeline) {
        timeline.lanes = chronicle.processes.map { Timeline.Lane(name: $0, detail: $0) }
        for stretch in chronicle.stretches {
            timeline.lanes[stretch.place].stretches.append(
                Timeline.Stretch(
                    start: number(stretch.start), end: number(stretch.end), tone: tone(stretch.condition),
                    text: "\(stretch.condition)"))
        }
        for listener in 0..<chronicle.listeners {
            var lane = Timeline.Lane(name: "listener-\(listener + 1)", detail: "plays one song after the other")
            var start = Duration.zero
            for gap in chronicle.gaps.filter({ $0.listener == listener }).sorted(by: { $0.start < $1.start }) {
                lane.stretches.append(
                    Timeline.Stretch(start: number(start), end: number(gap.start), tone: .good, text: "plays"))
                start = gap.start + gap.length
                lane.stretches.append(
                    Timeline.Stretch(start: number(gap.start), end: number(start), tone: .bad, text: gap.reason))
            }
            lane.stretches.append(
                Timeline.Stretch(
                    start: number(start), end: number(chronicle.length), tone: .good, text: "plays"))
            timeline.lanes.append(lane)
        }
    }

    private static func tone(_ condition: ChaosChronicle.Condition) -> Timeline.Tone {
        switch condition {
        case .starting: .starting
        case .data: .data
        case .router: .router
        case .registry: .good
        case .paused: .paused
        case .down: .down
        }
    }

    private static func rows(_ chronicle: ChaosChronicle) -> [Timeline.Row] {
        var rows: [Timeline.Row] = []
        for wound in chronicle.wounds {
            rows.append(Timeline.Row(time: number(wound.start), sign: .fault, text: wound.fault.text))
            if let healed = wound.healed {
                let text = "\(wound.fault.text): undone, one again after \(seconds(healed)) s"
                rows.append(Timeline.Row(time: number(wound.end + healed), sign: .recovery, text: text))
            }
        }
        for gap in chronicle.gaps {
            let text = "listener-\(gap.listener + 1) heard nothing for \(seconds(gap.length)) s: \(gap.reason)"
            rows.append(Timeline.Row(time: number(gap.start), sign: .broken, text: text))
        }
        for upload in chronicle.uploads {
            guard case .refused(let status, let code) = upload.outcome else { continue }
            let text = "upload of song \(upload.number) refused: \(status) \(code)"
            rows.append(Timeline.Row(time: number(upload.time), sign: .suspicion, text: text))
        }
        for fault in chronicle.broken {
            rows.append(Timeline.Row(time: number(chronicle.length), sign: .broken, text: fault))
        }
        return rows.sorted { $0.time < $1.time }
    }

    private static func number(_ time: Duration) -> Double {
        Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    }

    private static func seconds(_ time: Duration) -> String { MarkupText.number(number(time), digits: 3) }
}
