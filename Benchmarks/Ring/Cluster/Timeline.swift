/// What a source became, and when.
struct Change<State> {
    let time: WallTime
    let state: State
}

/// Finds when something became true of several sources together, each of which says when it changed.
enum Timeline {
    /// The first time at or after `start` from which on `holds` is true of all states for at least `hold`, or to the
    /// end of what is known; nil where there is none.
    ///
    /// Each source's changes are in the order of time; what it was before its first one is nil.
    static func first<State>(
        _ sources: [[Change<State>]], from start: WallTime, hold: Duration,
        where holds: ([State?]) -> Bool
    ) -> WallTime? {
        let changes = sources.enumerated()
            .flatMap { source, changes in changes.map { (time: $0.time, source: source, state: $0.state) } }
            .sorted { ($0.time, $0.source) < ($1.time, $1.source) }
        var states = [State?](repeating: nil, count: sources.count)
        var since: WallTime?
        var next = changes.startIndex
        while next < changes.endIndex, changes[next].time <= start { take() }
        if holds(states) { since = start }
        while next < changes.endIndex {
            let time = changes[next].time
            if let since, time - since >= hold { return since }
            take()
            if !holds(states) { since = nil } else if since == nil { since = time }
        }
        return since

        func take() {
            states[changes[next].source] = changes[next].state
            next += 1
        }
    }

    /// The changes that matter from `start` on: the last one before it, and all later ones.
    static func tail<State>(_ changes: [Change<State>], from start: WallTime) -> [Change<State>] {
        let first = changes.lastIndex { $0.time <= start } ?? changes.startIndex
        return Array(changes[first...])
    }
}
