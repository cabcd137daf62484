/// Writes a timeline as one HTML page that needs nothing else: no script, no other file, no network.
enum TimelinePage {
    private static let mostRows = 3_000

    static func of(_ timeline: Timeline) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(MarkupText.escaped(timeline.title))</title>
        <style>
        \(style)</style>
        </head>
        <body>
        <main>
        <h1>\(MarkupText.escaped(timeline.title))</h1>
        <p class="summary">\(MarkupText.escaped(timeline.summary))</p>
        <p class="verdict \(timeline.isWell ? "well" : "ill")">\(MarkupText.escaped(timeline.verdict))</p>
        \(facts(timeline))\(figures(timeline))\(picture(timeline))\(rows(timeline))</main>
        </body>
        </html>

        """
    }

    private static func facts(_ timeline: Timeline) -> String {
        let facts = timeline.facts.map {
            "<div><dt>\(MarkupText.escaped($0.name))</dt><dd>\(MarkupText.escaped($0.value))</dd></div>\n"
        }
        return facts.isEmpty ? "" : "<dl class=\"facts\">\n\(facts.joined())</dl>\n"
    }

    private static func figures(_ timeline: Timeline) -> String {
        guard let head = timeline.figures.first, timeline.figures.count > 1 else { return "" }
        func row(_ cells: [String], _ tag: String) -> String {
            "<tr>" + cells.map { "<\(tag)>\(MarkupText.escaped($0))</\(tag)>" }.joined() + "</tr>\n"
        }
        let body = timeline.figures.dropFirst().map { row($0, "td") }.joined()
        return "<h2>How fast</h2>\n<table class=\"figures\">\n<thead>\(row(head, "th"))</thead>\n"
            + "<tbody>\n\(body)</tbody>\n</table>\n"
    }

    private static func picture(_ timeline: Timeline) -> String {
        let signs = Set(timeline.marks.map(\.sign))
        let tones = Set(timeline.lanes.flatMap { $0.stretches.map(\.tone) })
        let bars = Timeline.Tone.allCases.filter(tones.contains).map {
            "<span><i class=\"bar \($0.rawValue)\"></i>\($0.meaning)</span>"
        }
        let marks = Timeline.Sign.allCases.filter(signs.contains).map {
            "<span><svg viewBox=\"-8 -8 16 16\" width=\"16\" height=\"16\" aria-hidden=\"true\">"
                + "\(TimelinePicture.shape($0))</svg>\($0.meaning)</span>"
        }
        let note = timeline.lanesNote.isEmpty ? "" : "<p class=\"note\">\(MarkupText.escaped(timeline.lanesNote))</p>\n"
        return "<h2>The ring over time</h2>\n\(note)<p class=\"legend\">\((bars + marks).joined(separator: "\n"))</p>\n"
            + "<div class=\"picture\">\n\(TimelinePicture.of(timeline))</div>\n"
    }

    private static func rows(_ timeline: Timeline) -> String {
        let shown = timeline.rows.prefix(mostRows).map { row in
            "<tr class=\"\(row.sign.rawValue)\"><td>\(MarkupText.number(row.time, digits: 3))</td>"
                + "<td>\(row.sign.rawValue)</td><td>\(MarkupText.escaped(row.text))</td></tr>\n"
        }
        let rest = timeline.rows.count - shown.count
        let more = rest > 0 ? "<p class=\"note\">… and \(MarkupText.grouped(rest)) more.</p>\n" : ""
        return
            "<h2>What happened</h2>\n<table class=\"rows\">\n<thead><tr><th>second</th><th>about</th><th>what</th></tr>"
            + "</thead>\n<tbody>\n\(shown.joined())</tbody>\n</table>\n\(more)"
    }

    private static let style = """
        :root { --paper: #fff; --ink: #1c1d21; --soft: #62656e; --line: #d9dbe1; --shade: #f4f5f7;
          --data: #2f6fde; --router: #1f9d76; --starting: #b9bdc8; --paused: #e8b23a; --down: #eceef2; --downline: #c3c7d1;
          --good: #1f9d76; --bad: #d33f49; --fault: #d33f49; --suspicion: #e07b00; --death: #1c1d21; --alert: #8a4fd3;
          --manager: #8a4fd3; --role: #2f6fde; --recovery: #1f9d76; --broken: #d33f49; --band: rgb(211 63 73 / 9%); }
        @media (prefers-color-scheme: dark) { :root { --paper: #16171b; --ink: #e9eaee; --soft: #a0a4af; --line: #34363e;
          --shade: #1f2127; --data: #5b92f5; --router: #3cc197; --starting: #6a6e7a; --paused: #d9a52f; --down: #23252c;
          --downline: #454954; --good: #3cc197; --bad: #ff6b74; --fault: #ff6b74; --suspicion: #ff9d2e; --death: #fff;
          --alert: #b68cf0; --manager: #b68cf0; --role: #8db4ff; --recovery: #3cc197; --broken: #ff6b74;
          --band: rgb(255 107 116 / 13%); } }
        body { margin: 0; background: var(--paper); color: var(--ink);
          font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
        main { max-width: 1280px; margin: 0 auto; padding: 28px 20px 60px; }
        h1 { font-size: 26px; line-height: 1.2; margin: 0 0 6px; }
        h2 { font-size: 17px; margin: 30px 0 8px; }
        .summary { color: var(--soft); max-width: 76ch; margin: 0 0 14px; }
        .verdict { font-weight: 600; margin: 0 0 16px; padding: 9px 14px; border-left: 5px solid; background: var(--shade); }
        .well { border-color: var(--good); } .ill { border-color: var(--bad); }
        .facts { display: flex; flex-wrap: wrap; gap: 8px 34px; margin: 0; }
        .facts dt { color: var(--soft); font-size: 13px; } .facts dd { margin: 0; font-variant-numeric: tabular-nums; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th { text-align: left; font-weight: 600; color: var(--soft); font-size: 13px; }
        th, td { padding: 3px 18px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        .figures td:not(:first-child), .figures th:not(:first-child), .rows td:first-child { text-align: right; }
        .rows td:nth-child(2) { color: var(--soft); }
        tr.fault td { background: var(--band); } tr.broken td { color: var(--broken); font-weight: 600; }
        .note { color: var(--soft); margin: 4px 0; }
        .legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0 0 8px; font-size: 13px; color: var(--soft); }
        .legend span { display: inline-flex; align-items: center; gap: 6px; }
        .legend i.bar { width: 22px; height: 11px; border-radius: 2px; background: var(--down); }
        .legend i.data { background: var(--data); } .legend i.router { background: var(--router); }
        .legend i.starting { background: var(--starting); } .legend i.paused { background: var(--paused); }
        .legend i.down { outline: 1px dashed var(--downline); outline-offset: -1px; }
        .legend i.good { background: var(--good); } .legend i.bad { background: var(--bad); }
        .picture { overflow-x: auto; }
        .picture svg { display: block; min-width: 900px; width: 100%; height: auto; }
        svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } svg text.name { fill: var(--ink); }
        svg text.strong { fill: var(--ink); font-weight: 600; }
        svg .data { fill: var(--data); } svg .router { fill: var(--router); } svg .starting { fill: var(--starting); }
        svg .paused { fill: var(--paused); } svg .good { fill: var(--good); } svg .bad { fill: var(--bad); }
        svg .down { fill: var(--down); stroke: var(--downline); stroke-dasharray: 3 3; }
        svg .band { fill: var(--band); } svg .edge { stroke: var(--fault); stroke-dasharray: 2 3; opacity: .7; }
        svg .grid { stroke: var(--line); } svg .hatch { stroke: var(--paper); stroke-width: 2.5; opacity: .75; }
        svg .range { fill: var(--data); opacity: .35; } svg .range-line { fill: none; stroke: var(--data); stroke-width: 1.5; }
        svg .wanted { fill: none; stroke: var(--soft); stroke-dasharray: 4 3; stroke-width: 1.5; }
        svg .mark { stroke: var(--paper); stroke-width: 1.2; } svg .mark.fault { fill: var(--fault); }
        svg .mark.suspicion { fill: var(--suspicion); } svg .mark.death { fill: var(--death); }
        svg .mark.alert { fill: var(--alert); } svg .mark.manager { fill: var(--manager); }
        svg .mark.role { fill: var(--role); } svg .mark.recovery { fill: var(--recovery); }
        svg .mark.broken { fill: var(--broken); }

        """
}
