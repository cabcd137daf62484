internal import Platform

/// Lets so many do something at the same time; the others wait in the order in which they came.
@Loop
final class Turns {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []
    /// Those before it have had their turn.
    private var first = 0

    init(atOnce count: Int) { free = count }

    func begin() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    /// Hands the turn to the next in line, so that no newcomer slips in between.
    func end() {
        guard first < waiting.count else {
            free += 1
            return
        }
        let next = waiting[first]
        first += 1
        if first == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            first = 0
        } else if first >= 1_024 {
            waiting.removeFirst(first)
            first = 0
        }
        next.resume()
    }
}
