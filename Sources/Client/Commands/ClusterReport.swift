import HTTP
import Model
import Platform

/// What every server says of the ring and of itself, put side by side: `rondo status`.
@Loop
struct ClusterReport {
    private static let perseverance = Duration.seconds(3)

    let session: RouterSession

    /// - Throws: `noRouter` when no server is reachable.
    func show(asJSON: Bool) async throws(ClientError) {
        let target = "/api/v1/cluster"
        let (status, bytes) = try await session.perform(for: Self.perseverance) { router throws(AttemptError) in
            let bytes = try await RouterSession.get(target, from: router, world: session.world).body
            return (try RouterSession.decode(ClusterStatus.self, bytes), bytes)
        }
        if asJSON { return session.world.screen.line(String(decoding: bytes, as: UTF8.self)) }
        let views = await views(of: status.members)
        for line in RingTable(status: status, views: views).lines { session.world.screen.line(line) }
    }

    /// What each live member says, asked all at once; those that do not answer are missing.
    private func views(of members: [ClusterStatus.Member]) async -> [ServerID: ClusterStatus] {
        let answers = Answers()
        let world = session.world
        let tasks = members.filter { $0.state == "alive" || $0.state == "suspect" }.map { member in
            Loop.spawn("status") {
                do throws(AttemptError) {
                    let endpoint = Endpoint(member.address, member.httpPort)
                    let body = try await RouterSession.get("/api/v1/cluster", from: endpoint, world: world).body
                    let view = try RouterSession.decode(ClusterStatus.self, body)
                    if view.`self` == member.id { answers.views[member.id] = view }
                } catch {
                    // Shown as “no answer”: that is what the person wants to see.
                    answers.views[member.id] = nil
                }
            }
        }
        for task in tasks { await task.value }
        return answers.views
    }

    @Loop
    private final class Answers {
        var views: [ServerID: ClusterStatus] = [:]
    }
}

/// The ring as a table for people, and whether it is closed.
struct RingTable {
    let status: ClusterStatus
    /// What each server says itself; those that did not answer are missing.
    let views: [ServerID: ClusterStatus]

    var lines: [String] {
        let header = ["ID", "ADDRESS", "ROLE", "STATE", "NEXT", "AFTER", "BEFORE", "SONGS", "BYTES"]
        var lines = TextTable.lines([header] + status.members.map(row), rightAligned: [7, 8])
        lines.append("")
        lines.append("\(status.counts.data) Data, \(status.counts.router) Routers. \(ringSentence)")
        lines.append(replicationSentence)
        return lines
    }

    private func row(_ member: ClusterStatus.Member) -> [String] {
        let view = views[member.id]
        let own = view?.members.first { $0.id == member.id } ?? member
        let state = member.state == "alive" && view == nil ? "alive, no answer" : member.state
        return [
            member.id.short, member.address.description, member.role.name, state,
            short(own.successors.first), short(own.successors.dropFirst().first), short(own.predecessor),
            view.map { String($0.songs) } ?? "-", view.map { TextTable.bytes($0.bytes) } ?? "-",
        ]
    }

    private func short(_ id: ServerID?) -> String { id?.short ?? "-" }

    /// What breaks the ring: each live server's own references against the order of the live ones.
    var faults: [String] {
        let live = status.members.filter { $0.state == "alive" }.sorted { $0.id < $1.id }
        guard live.count > 1 else { return [] }
        return live.indices.flatMap { index -> [String] in
            let member = live[index]
            guard let own = views[member.id]?.members.first(where: { $0.id == member.id }) else {
                return ["\(member.id.short) does not answer"]
            }
            var faults: [String] = []
            let next = live[(index + 1) % live.count].id
            let after = live[(index + 2) % live.count].id
            let before = live[(index + live.count - 1) % live.count].id
            if own.successors.first != next { faults.append("\(member.id.short) does not point to \(next.short)") }
            if live.count > 2, own.successors.dropFirst().first != after {
                faults.append("\(member.id.short) does not point on to \(after.short)")
            }
            if own.predecessor != before { faults.append("\(member.id.short) does not follow \(before.short)") }
            return faults
        }
    }

    private var ringSentence: String {
        let count = status.members.filter { $0.state == "alive" }.count
        if faults.isEmpty { return "The ring is closed: \(count) \(count == 1 ? "server" : "servers")." }
        return "The ring is OPEN: \(faults.joined(separator: "; "))."
    }

    private var replicationSentence: String {
        let replication = status.replication
        if replication.lost > 0 {
            return
                "Replication: \(replication.lost) parts of songs can NOT be reached, "
                + "\(replication.under) have fewer than \(replication.target) copies."
        }
        if replication.under > 0 {
            let under = "\(replication.under) parts of songs have fewer than \(replication.target) copies yet"
            guard let moving = replication.moving, let seconds = replication.secondsLeft else {
                return "Replication: \(under)."
            }
            return "Replication: \(under); \(moving) copies are being made, about \(seconds) s left."
        }
        return "Replication: every part of every song has \(replication.target) copies."
    }
}
