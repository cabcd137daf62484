/// What is wrong and what to do, in one sentence for the person at the terminal.
struct Fault: Error, Hashable, Sendable {
    enum Kind: Int32, Sendable {
        /// The command was understood, and could not be done.
        case failed = 1
        /// The command, an option or a setting is wrong.
        case usage = 2
    }

    let kind: Kind
    let message: String

    static func usage(_ message: String) -> Fault { Fault(kind: .usage, message: message) }
    static func failed(_ message: String) -> Fault { Fault(kind: .failed, message: message) }
}

/// All that is wrong with one command, so that a person need not find it one by one.
struct Faults: Error {
    let all: [Fault]

    init(_ all: [Fault]) { self.all = all }
    init(_ one: Fault) { all = [one] }

    /// 2 when anything is wrong with the command itself, or when help was all there was to say; else 1.
    var exitCode: Int32 { all.map(\.kind.rawValue).max() ?? Fault.Kind.usage.rawValue }
}
