/// What happened to a cluster over a while, simulated or real: what a report page shows.
struct Timeline: Sendable {
    /// What a server or a listener is for a while, and how it is coloured.
    enum Tone: String, Sendable, CaseIterable {
        case data, router, starting, paused, down, good, bad

        var meaning: String {
            switch self {
            case .data: "Data"
            case .router: "Router"
            case .starting: "starting"
            case .paused: "stopped (SIGSTOP)"
            case .down: "not running"
            case .good: "all is well"
            case .bad: "not well"
            }
        }
    }

    /// What a mark stands for.
    enum Sign: String, Sendable, CaseIterable {
        case fault, suspicion, death, alert, manager, role, recovery, broken

        var meaning: String {
            switch self {
            case .fault: "a fault"
            case .suspicion: "suspected"
            case .death: "declared dead"
            case .alert: "alert"
            case .manager: "manager"
            case .role: "takes a role"
            case .recovery: "back"
            case .broken: "a rule broken"
            }
        }
    }

    /// One row of the picture.
    struct Lane: Sendable {
        let name: String
        /// For the pointer that rests on the name.
        let detail: String
        var stretches: [Stretch] = []
    }

    struct Stretch: Sendable {
        let start: Double
        let end: Double
        let tone: Tone
        let text: String
    }

    /// A time that is shaded over all rows.
    struct Band: Sendable {
        let start: Double
        let end: Double
        let text: String
        /// The lanes that reached each other, if the band is a partition; lanes of later groups are hatched.
        let groups: [[Int]]
    }

    struct Mark: Sendable {
        let time: Double
        let lane: Int
        let sign: Sign
        let text: String
    }

    /// A figure over time, between a least and a most.
    struct Level: Sendable {
        let time: Double
        let least: Double
        let most: Double
        /// What it ought to be.
        let wanted: Double
    }

    struct Row: Sendable {
        let time: Double
        let sign: Sign
        let text: String
    }

    var title: String
    /// A sentence or two for somebody who was not there.
    var summary: String
    /// Whether all is well, and what was found.
    var isWell: Bool
    var verdict: String
    var facts: [(name: String, value: String)] = []
    /// A table; the first row is its head.
    var figures: [[String]] = []
    /// In seconds, as all times here.
    var length: Double
    var lanes: [Lane] = []
    /// Says which lanes are shown, if not all.
    var lanesNote = ""
    var bands: [Band] = []
    var marks: [Mark] = []
    var levelsTitle = ""
    var levels: [Level] = []
    var rows: [Row] = []
}
