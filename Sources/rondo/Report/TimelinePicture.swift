/// The picture of a timeline: a row for each server, bands over all of them, and what the servers saw of each other.
enum TimelinePicture {
    private static let width = 1240.0
    private static let left = 92.0
    private static let right = 14.0
    private static let rowHeight = 30.0
    private static let levelHeight = 110.0

    /// Where everything stands.
    private struct Frame {
        let timeline: Timeline
        let bandRows: Int
        var top: Double { 14 + Double(bandRows) * 15 }
        var bottom: Double { top + Double(timeline.lanes.count) * rowHeight }
        var levelTop: Double { bottom + 52 }
        var height: Double { timeline.levels.isEmpty ? bottom + 30 : levelTop + levelHeight + 26 }

        func x(_ time: Double) -> Double {
            left + (width - left - right) * min(max(time / max(timeline.length, 0.001), 0), 1)
        }
        func y(_ lane: Int) -> Double { top + Double(lane) * rowHeight }
    }

    static func of(_ timeline: Timeline) -> String {
        let bandRows = rows(of: timeline)
        let frame = Frame(timeline: timeline, bandRows: (bandRows.max() ?? 0) + 1)
        let parts = [
            grid(frame), bands(frame, bandRows), lanes(frame), hatches(frame), marks(frame), levels(frame),
        ]
        let size = "0 0 \(number(width)) \(number(frame.height))"
        return "<svg viewBox=\"\(size)\" role=\"img\" aria-label=\"\(MarkupText.escaped(timeline.title))\">\n"
            + pattern + parts.joined() + "</svg>\n"
    }

    private static func number(_ value: Double) -> String { MarkupText.number(value) }

    private static let pattern = """
        <defs><pattern id="hatch1" width="8" height="8" patternUnits="userSpaceOnUse"><path class="hatch" d="M-2 6L6 -2M2 10L10 2"/></pattern>
        <pattern id="hatch2" width="8" height="8" patternUnits="userSpaceOnUse"><path class="hatch" d="M0 2L8 2M0 6L8 6"/></pattern></defs>

        """

    /// Seconds along the top and the bottom, at round distances.
    private static func grid(_ frame: Frame) -> String {
        let steps = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200]
        let step = steps.first { frame.timeline.length / $0 <= 16 } ?? 14_400
        var text = ""
        var time = 0.0
        while time <= frame.timeline.length {
            let x = number(frame.x(time))
            text += "<path class=\"grid\" d=\"M\(x) \(number(frame.top))V\(number(frame.bottom))\"/>"
            text += "<text x=\"\(x)\" y=\"\(number(frame.bottom + 16))\" text-anchor=\"middle\">"
            text += "\(MarkupText.number(time, digits: step < 1 ? 1 : 0)) s</text>\n"
            time += step
        }
        return text
    }

    /// The line above the rows in which a band's words stand, so that no two cover each other.
    private static func rows(of timeline: Timeline) -> [Int] {
        var ends: [Double] = []
        return timeline.bands.map { band in
            let perSecond = (width - left - right) / max(timeline.length, 0.001)
            let start = min(band.start * perSecond, (width - left - right) - Double(band.text.count) * 6.2)
            let row = ends.firstIndex { $0 < start } ?? ends.count
            let end = start + Double(band.text.count) * 6.2 + 10
            if row == ends.count { ends.append(end) } else { ends[row] = end }
            return row
        }
    }

    private static func bands(_ frame: Frame, _ rows: [Int]) -> String {
        zip(frame.timeline.bands, rows).map { band, row in
            let (start, end) = (frame.x(band.start), frame.x(band.end))
            let textY = 12 + Double(row) * 15
            let textX = min(start + 3, width - right - Double(band.text.count) * 6.2)
            return "<g><title>\(MarkupText.escaped(band.text))</title>"
                + "<rect class=\"band\" x=\"\(number(start))\" y=\"\(number(textY + 3))\" "
                + "width=\"\(number(max(end - start, 1)))\" height=\"\(number(frame.bottom - textY - 3))\"/>"
                + "<path class=\"edge\" d=\"M\(number(start)) \(number(textY - 9))V\(number(frame.bottom))"
                + "M\(number(end)) \(number(frame.top))V\(number(frame.bottom))\"/>"
                + "<text x=\"\(number(textX))\" y=\"\(number(textY))\">\(MarkupText.escaped(band.text))</text></g>\n"
        }.joined()
    }

    private static func lanes(_ frame: Frame) -> String {
        frame.timeline.lanes.enumerated().map { index, lane in
            let y = frame.y(index)
            var text =
                "<g><title>\(MarkupText.escaped(lane.detail))</title><text class=\"name\" x=\"\(number(left - 10))\" "
                + "y=\"\(number(y + 20))\" text-anchor=\"end\">\(MarkupText.escaped(lane.name))</text></g>\n"
            for stretch in lane.stretches {
                let (start, end) = (frame.x(stretch.start), frame.x(stretch.end))
                let words =
                    "\(stretch.text), \(MarkupText.number(stretch.start)) to \(MarkupText.number(stretch.end)) s"
                text +=
                    "<rect class=\"\(stretch.tone.rawValue)\" x=\"\(number(start))\" y=\"\(number(y + 9))\" "
                    + "width=\"\(number(max(end - start, 0.5)))\" height=\"14\">"
                    + "<title>\(MarkupText.escaped(words))</title></rect>\n"
            }
            return text
        }.joined()
    }

    /// In a partition all sides but the first are hatched, each in its own way.
    private static func hatches(_ frame: Frame) -> String {
        frame.timeline.bands.map { band in
            band.groups.enumerated().dropFirst().map { number, group in
                group.map { lane in
                    let (start, end) = (frame.x(band.start), frame.x(band.end))
                    return "<rect x=\"\(self.number(start))\" y=\"\(self.number(frame.y(lane) + 9))\" width=\""
                        + "\(self.number(max(end - start, 1)))\" height=\"14\" fill=\"url(#hatch\(min(number, 2)))\"/>\n"
                }.joined()
            }.joined()
        }.joined()
    }

    private static func marks(_ frame: Frame) -> String {
        frame.timeline.marks.map { mark in
            let place = "\(number(frame.x(mark.time))) \(number(frame.y(mark.lane) + offset(mark.sign)))"
            return "<g transform=\"translate(\(place))\"><title>\(MarkupText.escaped(mark.text)), "
                + "\(MarkupText.number(mark.time, digits: 3)) s</title>\(shape(mark.sign))</g>\n"
        }.joined()
    }

    /// Marks of one moment stand above each other.
    private static func offset(_ sign: Timeline.Sign) -> Double {
        switch sign {
        case .fault, .broken, .role, .death: 16
        case .alert, .manager, .suspicion: 6
        case .recovery: 25
        }
    }

    /// A mark around the origin; every sign has a form of its own, not only a colour.
    static func shape(_ sign: Timeline.Sign) -> String {
        let path =
            switch sign {
            case .fault: "M1.5 -8L-5 1H-0.8L-2 8L5 -2H0.8Z"
            case .suspicion: "M0 -4.5L4.5 3.5H-4.5Z"
            case .death: "M-5 -3L-3 -5L0 -2L3 -5L5 -3L2 0L5 3L3 5L0 2L-3 5L-5 3L-2 0Z"
            case .alert: "M-3.5 0A3.5 3.5 0 1 1 3.5 0A3.5 3.5 0 1 1 -3.5 0Z"
            case .manager: "M0 -6L1.7 -2.2L6 -1.8L2.7 1L3.7 5.2L0 3L-3.7 5.2L-2.7 1L-6 -1.8L-1.7 -2.2Z"
            case .role: "M-4.5 0L0 -5.5L4.5 0L0 5.5Z"
            case .recovery: "M0 -4.5L5 2.5H2V4.5H-2V2.5H-5Z"
            case .broken: "M-6 -6H6V6H-6Z"
            }
        return "<path class=\"mark \(sign.rawValue)\" d=\"\(path)\"/>"
    }

    /// The figure below the rows: the range as an area, what it ought to be as a dashed line.
    private static func levels(_ frame: Frame) -> String {
        let levels = frame.timeline.levels
        guard let last = levels.last else { return "" }
        let highest = max(levels.map { max($0.most, $0.wanted) }.max() ?? 1, 1)
        func y(_ value: Double) -> String { number(frame.levelTop + levelHeight * (1 - value / highest)) }
        func steps(_ value: (Timeline.Level) -> Double) -> String {
            var path = "M\(number(frame.x(levels[0].time))) \(y(value(levels[0])))"
            for level in levels.dropFirst() { path += "H\(number(frame.x(level.time)))V\(y(value(level)))" }
            return path + "H\(number(frame.x(frame.timeline.length)))"
        }
        var area = steps(\.most) + "V\(y(last.least))"
        for index in levels.indices.reversed() {
            area += "H\(number(frame.x(levels[index].time)))"
            if index > 0 { area += "V\(y(levels[index - 1].least))" }
        }
        return "<text class=\"strong\" x=\"\(number(left))\" y=\"\(number(frame.levelTop - 12))\">"
            + "\(MarkupText.escaped(frame.timeline.levelsTitle))</text>\n"
            + "<path class=\"grid\" d=\"M\(number(left)) \(y(0))H\(number(width - right))\"/>"
            + "<text x=\"\(number(left - 10))\" y=\"\(y(0))\" text-anchor=\"end\">0</text>"
            + "<text x=\"\(number(left - 10))\" y=\"\(number(frame.levelTop + 4))\" text-anchor=\"end\">"
            + "\(MarkupText.grouped(Int(highest)))</text>\n"
            + "<path class=\"range\" d=\"\(area)Z\"/><path class=\"range-line\" d=\"\(steps(\.least))\"/>"
            + "<path class=\"wanted\" d=\"\(steps(\.wanted))\"/>\n"
    }
}
