import Foundation

/// What one server of Rondo has said of itself in its log, from its first start on.
struct ServerHistory {
    /// The ring as the server sees it.
    struct View: Hashable {
        var predecessor = ""
        var successor = ""
        var secondSuccessor = ""
        var members = 0
        var data = 0
        var router = 0
        var digest = ""
    }

    struct Round {
        let time: WallTime
        let length: Duration
    }

    /// The present life, `id/incarnation` as logs write it.
    private(set) var life = ""
    /// Each view with the time from which on it held; a start begins with an empty one.
    private(set) var views: [Change<View>] = []
    /// When this server took a life out of its roster; the last time counts.
    private(set) var gone: [String: WallTime] = [:]
    /// Alerts of this server that have come back.
    private(set) var rounds: [Round] = []
    /// Deaths that this server declared.
    private(set) var declared: [(time: WallTime, life: String)] = []

    var view: View { views.last?.state ?? View() }

    /// A new process begins and knows nothing yet.
    mutating func begin(at time: WallTime) {
        life = ""
        views.append(Change(time: time, state: View()))
    }

    /// Takes one line of the server's log; others than JSON objects, such as a crash's, are passed over.
    mutating func take(_ line: some StringProtocol) {
        guard let fields = try? JSONDecoder().decode([String: String].self, from: Data(line.utf8)),
            let message = fields["message"], let time = fields["time"].flatMap({ WallTime($0) })
        else { return }
        switch message {
        case "started": life = fields["id"] ?? ""
        case "the links changed": change(time, fields, Self.links)
        case "the roster changed":
            // It grows when the server was held for dead and says otherwise.
            life = fields["life"] ?? life
            change(time, fields, Self.roster)
            for life in (fields["gone"] ?? "").split(separator: " ") { gone[String(life)] = time }
        case "is manager":
            guard let length = fields["roundUs"].flatMap({ Int64($0) }) else { return }
            rounds.append(Round(time: time, length: .microseconds(length)))
        case "a server died": declared.append((time, fields["life"] ?? ""))
        default: return
        }
    }

    private mutating func change(
        _ time: WallTime, _ fields: [String: String], _ apply: (inout View, [String: String]) -> Void
    ) {
        var next = view
        apply(&next, fields)
        views.append(Change(time: time, state: next))
    }

    private static func links(_ view: inout View, _ fields: [String: String]) {
        view.predecessor = fields["predecessor"] ?? ""
        view.successor = fields["successor"] ?? ""
        view.secondSuccessor = fields["secondSuccessor"] ?? ""
    }

    private static func roster(_ view: inout View, _ fields: [String: String]) {
        view.members = fields["members"].flatMap { Int($0) } ?? 0
        view.data = fields["data"].flatMap { Int($0) } ?? 0
        view.router = fields["router"].flatMap { Int($0) } ?? 0
        view.digest = fields["digest"] ?? ""
    }
}

extension ServerHistory.View {
    /// Whether views of servers, each beside its life, are those of one ring of just these servers: equal rosters, and
    /// links that lead round them all once.
    static func areOneRing(_ views: [(life: String, view: ServerHistory.View)]) -> Bool {
        let order = views.map(\.life).sorted()
        guard let first = views.first?.view, Set(order).count == views.count else { return false }
        return views.allSatisfy { life, view in
            guard view.members == views.count, view.digest == first.digest,
                let place = order.firstIndex(of: life)
            else { return false }
            guard order.count > 1 else { return true }
            let before = order[(place + order.count - 1) % order.count]
            return view.successor == order[(place + 1) % order.count] && view.predecessor == before
        }
    }
}
