package import Model

/// What will happen when, in a simulated world: by time, and by the order of scheduling at one instant.
///
/// A calendar (Brown 1988): a day is an eighth of a millisecond, the days of the next second are pages without an
/// order, and what is later waits in a heap. A page is sorted when its day comes, so that at 10,000 servers a few keys
/// are compared and not nine levels of a heap, each a miss of the cache. The keys are small; the happenings stay where
/// they were put until they happen.
package struct EventQueue<Happening> {
    private static var dayBits: Int64 { 17 }
    private static var days: Int64 { 8_192 }

    private var pages = [[EventKey]](repeating: [], count: Int(days))
    /// The keys of `today`, in order; those before `next` are over.
    private var page: [EventKey] = []
    private var next = 0
    private var today: Int64 = 0
    /// How many keys lie in `pages`.
    private var paged = 0
    private var later = KeyHeap()
    private var happenings: [Happening?] = []
    private var freePlaces: [Int] = []
    private var order: UInt64 = 0

    package init() {}

    package mutating func schedule(_ happening: Happening, at time: MonotonicTime) {
        order += 1
        insert(EventKey(time: time, order: order, place: put(happening)))
    }

    private mutating func insert(_ key: EventKey) {
        let day = key.time.nanoseconds >> Self.dayBits
        if day <= today {
            var index = page.count
            while index > next, key.isBefore(page[index - 1]) { index -= 1 }
            page.insert(key, at: index)
        } else if day - today < Self.days {
            pages[Int(day % Self.days)].append(key)
            paged += 1
        } else {
            later.insert(key)
        }
    }

    private mutating func put(_ happening: Happening) -> Int {
        guard let place = freePlaces.popLast() else {
            happenings.append(happening)
            return happenings.count - 1
        }
        happenings[place] = happening
        return place
    }

    /// Takes out what happens first, unless that is after `end`.
    package mutating func next(until end: MonotonicTime) -> (time: MonotonicTime, happening: Happening)? {
        while next == page.count { guard turnPage(before: end) else { return nil } }
        let key = page[next]
        guard key.time <= end else { return nil }
        next += 1
        guard let happening = happenings[key.place].take() else { return nil }
        freePlaces.append(key.place)
        return (key.time, happening)
    }

    /// Goes on to the next day that has something, but not past the day of `end`: what is scheduled then is yet to
    /// come.
    /// - Returns: false for nothing until then.
    private mutating func turnPage(before end: MonotonicTime) -> Bool {
        let last = end.nanoseconds >> Self.dayBits
        guard paged > 0 || later.first != nil, today < last else { return false }
        if paged == 0, let first = later.first {
            today = min(last, first.time.nanoseconds >> Self.dayBits)
        } else {
            today += 1
        }
        page.removeAll(keepingCapacity: true)
        next = 0
        let index = Int(today % Self.days)
        if !pages[index].isEmpty {
            swap(&page, &pages[index])
            paged -= page.count
        }
        while let first = later.first, first.time.nanoseconds >> Self.dayBits <= today {
            page.append(later.removeFirst())
        }
        if page.count > 1 { page.sort { $0.isBefore($1) } }
        return true
    }
}

/// When something happens, and where it lies.
struct EventKey {
    let time: MonotonicTime
    let order: UInt64
    let place: Int

    func isBefore(_ other: EventKey) -> Bool { time == other.time ? order < other.order : time < other.time }
}

/// A heap with four children to each key, so that a way through 100,000 keys is nine steps and not seventeen.
struct KeyHeap {
    private var keys: [EventKey] = []

    var first: EventKey? { keys.first }

    mutating func insert(_ key: EventKey) {
        keys.append(key)
        var child = keys.count - 1
        while child > 0 {
            let parent = (child - 1) / 4
            guard key.isBefore(keys[parent]) else { break }
            keys[child] = keys[parent]
            child = parent
        }
        keys[child] = key
    }

    /// There has to be one.
    mutating func removeFirst() -> EventKey {
        let first = keys[0]
        let last = keys.removeLast()
        if !keys.isEmpty { sink(last) }
        return first
    }

    /// Finds the place of a key that is to be put in at the top.
    private mutating func sink(_ key: EventKey) {
        var parent = 0
        let count = keys.count
        while true {
            let first = 4 * parent + 1
            guard first < count else { break }
            var least = first
            for child in first + 1..<max(first + 1, min(first + 4, count)) where keys[child].isBefore(keys[least]) {
                least = child
            }
            guard keys[least].isBefore(key) else { break }
            keys[parent] = keys[least]
            parent = least
        }
        keys[parent] = key
    }
}
