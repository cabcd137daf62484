/// Columns of text, aligned; and figures as people read them.
enum TextTable {
    /// - Parameter rightAligned: the indices of columns of figures.
    static func lines(_ rows: [[String]], rightAligned: Set<Int> = []) -> [String] {
        var widths: [Int] = []
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index == widths.count { widths.append(0) }
                widths[index] = max(widths[index], cell.count)
            }
        }
        return rows.map { row in
            var line = ""
            for (index, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[index] - cell.count)
                line += rightAligned.contains(index) ? space + cell : cell + space
                line += "  "
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// `3:07`, `1:02:09`.
    static func duration(ms: Int64) -> String {
        let seconds = ms / 1000
        let minutes = seconds / 60 % 60
        let tail = padded(seconds % 60)
        return seconds < 3600 ? "\(minutes):\(tail)" : "\(seconds / 3600):\(padded(minutes)):\(tail)"
    }

    /// `812 B`, `4.2 MB`, in powers of ten as file managers show them.
    static func bytes(_ count: Int64) -> String {
        var value = Double(count)
        var unit = 0
        let units = ["B", "kB", "MB", "GB", "TB"]
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        if unit == 0 { return "\(count) B" }
        let tenths = Int64((value * 10).rounded())
        return value < 100 ? "\(tenths / 10).\(tenths % 10) \(units[unit])" : "\(Int64(value.rounded())) \(units[unit])"
    }

    private static func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
