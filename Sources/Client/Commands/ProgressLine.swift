import Model
import Platform

/// A bar at the foot of the terminal that is redrawn; nothing where the output is no terminal.
@Loop
final class ProgressLine {
    private static let barWidth = 24
    private static let interval = Duration.milliseconds(80)

    private let screen: Screen
    private let clock: any Clock
    private let start: MonotonicTime
    private var lastDrawn: MonotonicTime?
    private var isShown = false

    init(screen: Screen, clock: any Clock) {
        self.screen = screen
        self.clock = clock
        start = clock.now
    }

    /// - Parameters:
    ///   - done: of `total` bytes.
    ///   - label: what is under way, `12/57 Waltz.ogg`.
    func show(done: Int64, total: Int64, label: String) {
        guard screen.isTerminal else { return }
        let now = clock.now
        if let lastDrawn, now - lastDrawn < Self.interval, done < total { return }
        lastDrawn = now
        isShown = true
        let part = total > 0 ? Double(done) / Double(total) : 1
        let filled = Int(part * Double(Self.barWidth))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.barWidth - filled)
        let seconds = max(0.001, Double((now - start).milliseconds) / 1000)
        let rate = TextTable.bytes(Int64(Double(done) / seconds))
        let line = "\(bar) \(Int(part * 100)) % \(rate)/s  \(label)"
        screen.write("\r\u{1B}[K" + String(line.prefix(max(20, screen.columns - 1))))
    }

    /// Writes a line above the bar.
    func line(_ text: String) {
        clear()
        screen.line(text)
    }

    func clear() {
        if isShown { screen.write("\r\u{1B}[K") }
        isShown = false
        lastDrawn = nil
    }
}
