internal import Model
internal import Platform
internal import Wire

/// What a server remembers of itself from one start to the next; `state.json` in its home.
struct ServerState: Codable, Sendable {
    static let fileName = "state.json"

    var id: ServerID
    /// The highest incarnation that was ever used; stored before it is used.
    var incarnation: Incarnation
    /// The role it had last; nil before it had one.
    var role: Role?
}

/// The servers that were in the ring when this one last saw it: through them it comes back when no registry answers.
struct RememberedContacts: Codable, Sendable {
    static let fileName = "contacts.json"
    static let maximum = 64

    var endpoints: [Endpoint]
}

/// The state file of one server. Writes are whole and in order.
@Loop
final class StateFile {
    private let files: any Files
    private(set) var state: ServerState

    /// Reads the state, or makes a new identity, and goes one incarnation up.
    /// - Throws: `StartFailure` when the file cannot be read or written.
    static func open(_ files: any Files) async throws(StartFailure) -> StateFile {
        do {
            let bytes = try await files.loadState(ServerState.fileName)
            var state = try bytes.map { try WireJSON.decode(ServerState.self, from: $0) } ?? fresh()
            state.incarnation = state.incarnation.next
            let file = StateFile(files: files, state: state)
            try await file.save(state)
            return file
        } catch let error as WireJSONError {
            throw StartFailure("\(ServerState.fileName) in the home is damaged (\(error.reason)); restore or remove it")
        } catch {
            throw StartFailure("the home cannot be used: \(error)")
        }
    }

    private static func fresh() -> ServerState {
        var generator = SystemRandomNumberGenerator()
        return ServerState(id: .random(using: &generator), incarnation: Incarnation(0), role: nil)
    }

    private init(files: any Files, state: ServerState) {
        self.files = files
        self.state = state
    }

    /// Returns when the changed state is on the disk.
    func change(_ edit: (inout ServerState) -> Void) async throws(StoreError) {
        var next = state
        edit(&next)
        state = next
        try await save(next)
    }

    /// The host keeps the order of saves: a later one never gives way to an earlier one.
    private func save(_ state: ServerState) async throws(StoreError) {
        try await files.saveState(ServerState.fileName, WireJSON.encode(state))
    }
}

/// Why a server could not start: one sentence that says what to do.
package struct StartFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
