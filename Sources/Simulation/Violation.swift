package import Model

/// What must hold in every history: on the way, whatever the faults are, or in the quiet after them.
package enum Rule: String, Hashable, Sendable, CaseIterable {
    /// One ring in the order of ids: equal rosters that are the truth, and links that follow from them.
    case oneRing = "one ring"
    /// The rows of an alert that made a manager are the servers that live.
    case rows = "rows are the live set"
    /// One round makes one manager.
    case manager = "one manager a round"
    /// As many servers switch as are missing.
    case switches = "as many switches as the deficit"
    /// Within one of 2:3 in quiet.
    case target = "roles near two to three"
    /// Nobody leaves Data where fewer than two would stay.
    case data = "two Data by choice"
    /// Nobody who lives dies on a roster.
    case death = "no death of the living"
    /// A name that leads to a dead server ends by its bound.
    case deadName = "no dead name"
    /// A role with a live member has a name that leads to it.
    case emptyRole = "no empty role"
    /// The world goes on: nobody keeps busy without time passing.
    case progress = "time goes on"
}

/// A rule that was broken, and when.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
    package let rule: Rule
    package let time: MonotonicTime
    package let detail: String

    package init(_ rule: Rule, at time: MonotonicTime, _ detail: String) {
        self.rule = rule
        self.time = time
        self.detail = detail
    }

    package var description: String { "\(time.nanoseconds / 1_000_000) ms: \(rule.rawValue): \(detail)" }
}
