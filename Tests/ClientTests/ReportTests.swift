import Crypto
import Model
import Platform
import Testing

@testable import Client

/// What people read.
@Suite struct ReportTests {
    @Test(arguments: [(0, "0:00"), (187_400, "3:07"), (3_729_000, "1:02:09")] as [(Int64, String)])
    func `durations are written as players show them`(_ ms: Int64, _ text: String) {
        #expect(TextTable.duration(ms: ms) == text)
    }

    @Test(arguments: [(812, "812 B"), (4_230_000, "4.2 MB"), (175_400_000, "175 MB")] as [(Int64, String)])
    func `sizes are written with three figures at most`(_ bytes: Int64, _ text: String) {
        #expect(TextTable.bytes(bytes) == text)
    }

    @Test func `columns are aligned and lines have no blanks at their end`() {
        #expect(
            TextTable.lines([["a", "bb", "1"], ["ccc", "d", "22"]], rightAligned: [2]) == [
                "a    bb   1", "ccc  d   22",
            ])
    }

    @Test func `a ring whose references all fit is closed`() {
        #expect(ring(3).faults.isEmpty)
        #expect(ring(3).lines.contains { $0.contains("The ring is closed: 3 servers.") })
    }

    @Test func `one wrong reference opens the ring, and the report names it`() {
        var table = ring(4)
        var views = table.views
        let id = ServerID(2)
        views[id]?.members[1].successors = [ServerID(4), ServerID(1)]
        table = RingTable(status: table.status, views: views)
        #expect(!table.faults.isEmpty)
        #expect(table.lines.contains { $0.contains("The ring is OPEN") && $0.contains(ServerID(2).short) })
    }

    @Test func `a server that does not answer opens the ring`() {
        var views = ring(3).views
        views[ServerID(3)] = nil
        #expect(RingTable(status: ring(3).status, views: views).faults == ["\(ServerID(3).short) does not answer"])
    }

    @Test func `a file is named after its song, without what a file system takes for its own`() {
        let song = Song(
            id: SongID(1), title: "A/B\nC", artist: "X", album: "", genre: nil, durationMs: 0, bytes: 0,
            contentType: "audio/flac", sha256: SHA256.hash([]),
            available: nil)
        #expect(song.fileName == "X - A_B_C.flac")
    }

    private func ring(_ count: UInt128) -> RingTable {
        let ids = (1...count).map { ServerID($0) }
        let members = ids.indices.map { index in
            ClusterStatus.Member(
                id: ids[index], address: .loopback, role: .data, state: "alive", incarnation: Incarnation(1),
                predecessor: ids[(index + ids.count - 1) % ids.count],
                successors: [ids[(index + 1) % ids.count], ids[(index + 2) % ids.count]], publicHttp: "", httpPort: 1,
                peerPort: 2)
        }
        func status(_ id: ServerID) -> ClusterStatus {
            ClusterStatus(
                self: id, epoch: 1, members: members, counts: RoleCounts(data: Int(count)),
                replication: .init(target: 3, under: 0, lost: 0), songs: 0, bytes: 0)
        }
        let views = Dictionary(uniqueKeysWithValues: ids.map { ($0, status($0)) })
        return RingTable(status: status(ids[0]), views: views)
    }
}

/// Which Router is asked next.
@Suite struct RouterListTests {
    private let routers = (1...3).map { Endpoint(HostAddress(127, 0, 0, $0), 80) }
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    @Test func `one that served is asked again, one that failed rests, longer each time`() {
        var list = RouterList()
        list.update(routers)
        #expect(list.next(at: start) == routers[0])
        list.failed(routers[0], at: start)
        #expect(list.next(at: start) == routers[1])
        list.failed(routers[1], at: start)
        list.failed(routers[2], at: start)
        #expect(list.next(at: start) == nil)
        #expect(list.next(at: start + .milliseconds(250)) == routers[0])
        list.failed(routers[0], at: start + .milliseconds(250))
        #expect(list.nextRestEnd == start + .milliseconds(250))
        list.succeeded(routers[1])
        #expect(list.next(at: start) == routers[1])
    }

    @Test func `a fresh list keeps the one in use in front and forgets those that went`() {
        var list = RouterList()
        list.update(routers)
        list.update([routers[2], routers[0]])
        #expect(list.next(at: start) == routers[0])
        list.update([])
        #expect(list.next(at: start) == routers[0], "an empty answer says nothing")
    }
}
