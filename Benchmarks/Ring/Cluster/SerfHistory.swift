/// What one Serf agent has logged of the others; its lines have no more than seconds, so they bear the time at which
/// they were read.
struct SerfHistory {
    private(set) var alive: Set<String> = []
    private(set) var states: [Change<Set<String>>] = []
    /// When this agent last called a member failed.
    private(set) var failed: [String: WallTime] = [:]

    /// Takes one line of the agent's log, read at `time`.
    mutating func take(_ line: some StringProtocol, at time: WallTime) {
        if line.contains("Serf agent starting") {
            alive = []
            return states.append(Change(time: time, state: alive))
        }
        // `2026/11/21 04:10:14 [INFO] serf: EventMemberFailed: host7 172.20.0.7`
        let words = line.split(separator: " ")
        guard let event = words.firstIndex(where: { $0.hasPrefix("EventMember") }), event + 1 < words.endIndex else {
            return
        }
        let member = String(words[event + 1])
        switch words[event] {
        case "EventMemberJoin:": alive.insert(member)
        case "EventMemberFailed:":
            alive.remove(member)
            failed[member] = time
        case "EventMemberLeave:", "EventMemberReap:": alive.remove(member)
        default: return
        }
        states.append(Change(time: time, state: alive))
    }
}
