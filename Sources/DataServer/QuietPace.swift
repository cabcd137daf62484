/// How often others are asked what they know: at every turn after something has changed, then less and less often, so
/// that a quiet cluster says little.
package struct QuietPace {
    /// Turns in which somebody is asked before it becomes rarer: by then a change is with nearly everybody, since each
    /// one who learns of it hurries too.
    private static let quick = 3
    /// A question at every fourth turn at the least.
    private static let longestRest = 4

    private var asked = 0
    private var rest = 1
    private var turnsLeft = 0

    package init() {}

    /// Something has changed, or may have.
    package mutating func hurry() { (asked, rest, turnsLeft) = (0, 1, 0) }

    /// Whether somebody is to be asked in this turn.
    package mutating func isDue() -> Bool {
        if turnsLeft > 0 {
            turnsLeft -= 1
            return false
        }
        asked += 1
        if asked > Self.quick { rest = min(rest * 2, Self.longestRest) }
        turnsLeft = rest - 1
        return true
    }
}
