/// Answers that have been worked out since the zone last changed, ready to be sent in another order.
struct AnswerCache: Sendable {
    mutating func clear() {}
}
package import Model
extension Registry {
    package mutating func answer(
        _ query: ArraySlice<UInt8>, over transport: DNSTransport, at time: MonotonicTime,
        into effects: inout [RegistryEffect]
    ) -> DNSOutcome { .dropped }
}
