import Model
import Testing

@testable import Client

/// What `rondo status` says of a ring, from what its servers say of themselves.
@Suite struct RingTableTests {
    private func id(_ number: UInt64) -> ServerID {
        var generator = SeededGenerator(seed: number)
        return .random(using: &generator)
    }

    /// Servers in the order of their ids, each pointing where it should.
    private func status(_ count: UInt64, lost: Int = 0) -> ClusterStatus {
        let ids = (1...count).map(id).sorted()
        let members = ids.indices.map { index in
            ClusterStatus.Member(
                id: ids[index], address: HostAddress(127, 0, 1, UInt8(index + 2)), role: index < 2 ? .data : .router,
                state: "alive", incarnation: Incarnation(1),
                predecessor: ids[(index + ids.count - 1) % ids.count],
                successors: [ids[(index + 1) % ids.count], ids[(index + 2) % ids.count]], publicHttp: "",
                httpPort: 8080, peerPort: 7700)
        }
        return ClusterStatus(
            self: ids[0], epoch: 1, members: members, counts: RoleCounts(data: 2, router: Int(count) - 2),
            replication: ClusterStatus.Replication(target: 3, under: lost, lost: lost), songs: 7, bytes: 1 << 20)
    }

    private func views(_ status: ClusterStatus) -> [ServerID: ClusterStatus] {
        Dictionary(uniqueKeysWithValues: status.members.map { ($0.id, status) })
    }

    @Test func `A ring whose servers all point to each other is closed`() {
        let status = status(5)
        let table = RingTable(status: status, views: views(status))
        #expect(table.faults.isEmpty)
        #expect(table.lines.contains { $0.contains("2 Data, 3 Routers. The ring is closed: 5 servers.") })
    }

    @Test func `What is being copied is told, and how long it will take`() {
        var status = status(5)
        status.replication = ClusterStatus.Replication(target: 3, under: 9, lost: 0, moving: 12, secondsLeft: 40)
        let line = RingTable(status: status, views: views(status)).lines.last
        #expect(
            line == "Replication: 9 parts of songs have fewer than 3 copies yet; 12 copies are being made, "
                + "about 40 s left.")
        status.replication = ClusterStatus.Replication(target: 3, under: 9, lost: 0)
        #expect(
            RingTable(status: status, views: views(status)).lines.last
                == "Replication: 9 parts of songs have fewer than 3 copies yet.")
    }

    @Test func `A server that points past its neighbour opens the ring, and is named`() throws {
        let good = status(4)
        var bad = good
        bad.members[1].successors.swapAt(0, 1)
        var views = views(good)
        views[good.members[1].id] = bad
        let table = RingTable(status: good, views: views)
        #expect(table.faults.count == 2)
        #expect(table.lines.contains { $0.contains("The ring is OPEN: \(good.members[1].id.short) does not point") })
    }

    @Test func `A server that does not answer is shown as such`() {
        let status = status(3)
        var views = views(status)
        views[status.members[2].id] = nil
        let table = RingTable(status: status, views: views)
        #expect(table.faults == ["\(status.members[2].id.short) does not answer"])
        #expect(table.lines[3].contains("alive, no answer"))
    }

    @Test func `The dead are listed but do not open the ring`() {
        let four = status(4)
        let dead = four.members[3]
        var status = status(3)
        var gone = dead
        gone.state = "dead"
        gone.successors = []
        gone.predecessor = nil
        status.members = four.members.filter { $0.id != dead.id }
        let ids = status.members.map(\.id)
        for index in ids.indices {
            status.members[index].predecessor = ids[(index + 2) % 3]
            status.members[index].successors = [ids[(index + 1) % 3], ids[(index + 2) % 3]]
        }
        let views = views(status)
        status.members.append(gone)
        let table = RingTable(status: status, views: views)
        #expect(table.faults.isEmpty)
        #expect(table.lines.contains { $0.contains("127.0.1.5") && $0.contains("dead") })
    }

    @Test func `Parts of songs that nobody can reach are told first`() {
        let status = status(3, lost: 2)
        let last = RingTable(status: status, views: views(status)).lines.last
        #expect(last?.contains("2 parts of songs can NOT be reached") == true)
    }
}
