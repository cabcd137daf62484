internal import Model

/// What the zone says to a question, rendered but for the order and the length.
struct PreparedAnswer: Sendable {
    var code = ResponseCode.noError
    var error: EDNS.ExtendedError?
    /// Portable records: all pointers in them lead into the question.
    var answers: [[UInt8]] = []
    var authority: [UInt8] = []
    /// The addresses that belong to the answers of the same places, where there are any.
    var additionals: [[UInt8]] = []
    var authorityCount: UInt16 { authority.isEmpty ? 0 : 1 }
}

/// Answers that have been worked out since the zone last changed, so that a question costs little more than a copy.
///
/// Only answers with records are kept, so that nobody fills it with names that he makes up.
struct AnswerCache: Sendable {
    private static let maximum = 65_536

    private struct Key: Hashable {
        var name: DomainName
        var type: RecordType
    }

    private var prepared: [Key: PreparedAnswer] = [:]

    subscript(name: DomainName, type: RecordType) -> PreparedAnswer? {
        get { prepared[Key(name: name, type: type)] }
        set {
            guard let newValue, !newValue.answers.isEmpty, prepared.count < Self.maximum else { return }
            prepared[Key(name: name, type: type)] = newValue
        }
    }

    mutating func clear() { prepared.removeAll(keepingCapacity: true) }
}
