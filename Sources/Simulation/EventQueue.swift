package import Model

/// What will happen when, in a simulated world: a binary heap by time, and by the order of scheduling at one instant.
package struct EventQueue<Happening> {
    private struct Slot {
        let time: MonotonicTime
        let order: UInt64
        let happening: Happening

        func isBefore(_ other: Slot) -> Bool { (time, order) < (other.time, other.order) }
    }

    private var slots: [Slot] = []
    private var order: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { slots.isEmpty }
    package var nextTime: MonotonicTime? { slots.first?.time }

    package mutating func schedule(_ happening: Happening, at time: MonotonicTime) {
        order += 1
        slots.append(Slot(time: time, order: order, happening: happening))
        var child = slots.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard slots[child].isBefore(slots[parent]) else { break }
            slots.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes out what happens first.
    package mutating func next() -> (time: MonotonicTime, happening: Happening)? {
        guard let first = slots.first else { return nil }
        let last = slots.removeLast()
        if !slots.isEmpty {
            slots[0] = last
            sink()
        }
        return (first.time, first.happening)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < slots.count && slots[child].isBefore(slots[least]) {
                least = child
            }
            if least == parent { return }
            slots.swapAt(parent, least)
            parent = least
        }
    }
}
