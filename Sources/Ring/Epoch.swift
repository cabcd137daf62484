package import Model

/// The order of decisions about roles: a counter, and the manager that made it, so that no two managers share one.
///
/// The highest epoch seen travels in every heartbeat; an instruction of a lower one is ignored (`docs/ring.md`).
package struct Epoch: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let counter: UInt64
    package let manager: ServerID

    package init(counter: UInt64, manager: ServerID) {
        self.counter = counter
        self.manager = manager
    }

    /// Before every decision.
    package static let none = Epoch(counter: 0, manager: ServerID(0))

    package static func < (left: Epoch, right: Epoch) -> Bool {
        (left.counter, left.manager) < (right.counter, right.manager)
    }

    /// The epoch of the next decision, made by `manager`.
    package func next(by manager: ServerID) -> Epoch { Epoch(counter: counter + 1, manager: manager) }

    package var description: String { "\(counter)@\(manager.short)" }
}

/// Where the token was last seen: how often it has been passed on, and to whom.
///
/// The highest mark travels in every heartbeat, so that everyone notices a lost token and knows who makes a new one.
package struct TokenMark: Hashable, Comparable, Sendable, Codable {
    package let serial: UInt64
    package let holder: ServerID

    package init(serial: UInt64, holder: ServerID) {
        self.serial = serial
        self.holder = holder
    }

    /// Before the first token.
    package static let none = TokenMark(serial: 0, holder: ServerID(0))

    package static func < (left: TokenMark, right: TokenMark) -> Bool {
        (left.serial, left.holder) < (right.serial, right.holder)
    }
}
