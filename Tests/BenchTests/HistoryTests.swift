import Testing

@testable import bench_ring

/// What the benchmark reads out of the logs of Rondo and of Serf.
@Suite struct HistoryTests {
    private func time(_ milliseconds: Int64) -> WallTime { WallTime(microseconds: milliseconds * 1_000) }

    private func line(_ time: String, _ rest: String) -> String {
        #"{"time":"1970-01-01T00:00:0\#(time)Z","level":"debug","server":"172.20.0.4",\#(rest)}"#
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00.000001Z", 1), ("2024-02-29T12:00:00.123456Z", 1_709_208_000_123_456),
        ("2100-02-28T23:59:59.999000Z", 4_107_542_399_999_000),
    ])
    func `a time is read to the microsecond`(_ text: String, _ microseconds: Int64) {
        #expect(WallTime(text)?.microseconds == microseconds)
    }

    @Test(arguments: ["", "2024-02-29T12:00:00.123Z", "2024-02-29T12:00:00.123456", "twenty past four, or so, aZ"])
    func `what is no such time is none`(_ text: String) {
        #expect(WallTime(text) == nil)
    }

    @Test func `a server's log tells its life, its view of the ring, whom it let go and how long its alerts took`() {
        var history = ServerHistory()
        history.begin(at: time(500))
        history.take(line("1.000000", #""message":"started","id":"aa/1""#))
        history.take(
            line("1.100000", #""message":"the links changed","predecessor":"bb/1","successor":"cc/2""#))
        history.take(
            line(
                "1.200000",
                #""message":"the roster changed","life":"aa/3","members":"3","data":"2","router":"1","digest":"77","#
                    + #""gone":"dd/1 ee/4","came":"""#))
        history.take(line("1.300000", #""message":"is manager","alert":"x","roundUs":"1500""#))
        history.take(line("1.400000", #""message":"a server died","life":"dd/1","evidence":"closed""#))
        history.take("Fatal error: this is no line of a log")
        #expect(history.life == "aa/3")
        #expect(history.views.map(\.time) == [time(500), time(1_100), time(1_200)])
        #expect(history.view.successor == "cc/2" && history.view.members == 3 && history.view.digest == "77")
        #expect(history.gone == ["dd/1": time(1_200), "ee/4": time(1_200)])
        #expect(history.rounds.map(\.length) == [.microseconds(1_500)])
        #expect(history.declared.map(\.life) == ["dd/1"])
    }

    private func view(_ before: String, _ after: String, digest: String = "7", members: Int = 3) -> ServerHistory.View {
        ServerHistory.View(predecessor: before, successor: after, members: members, digest: digest)
    }

    @Test func `views are one ring where rosters are equal and the links lead round all of them`() {
        let ring = [("b/1", view("a/2", "c/1")), ("a/2", view("c/1", "b/1")), ("c/1", view("b/1", "a/2"))]
        #expect(ServerHistory.View.areOneRing(ring))
        #expect(!ServerHistory.View.areOneRing(Array(ring.dropLast())))
        #expect(!ServerHistory.View.areOneRing([ring[0], ring[1], ("c/1", view("b/1", "a/2", digest: "8"))]))
        #expect(!ServerHistory.View.areOneRing([ring[0], ring[1], ("c/1", view("b/1", "a/2", members: 4))]))
        #expect(!ServerHistory.View.areOneRing([ring[0], ring[1], ("c/1", view("b/1", "b/1"))]))
        #expect(!ServerHistory.View.areOneRing([ring[0], ring[1], ("c/2", view("b/1", "a/2"))]))
    }

    @Test func `Serf's log tells who is a member and who has failed`() {
        var history = SerfHistory()
        history.take("==> Serf agent starting...", at: time(1))
        history.take("    2026/11/21 11:20:06 [INFO] serf: EventMemberJoin: host4 172.20.0.4", at: time(2))
        history.take("    2026/11/21 11:20:06 [INFO] serf: EventMemberJoin: host5 172.20.0.5", at: time(3))
        history.take("    2026/11/21 11:20:06 [INFO] agent: Received event: member-join", at: time(3))
        history.take("    2026/11/21 11:20:13 [INFO] serf: EventMemberFailed: host5 172.20.0.5", at: time(4))
        #expect(history.alive == ["host4"])
        #expect(history.failed == ["host5": time(4)])
        #expect(history.states.map(\.time) == [time(1), time(2), time(3), time(4)])
    }

    @Test func `several sources agree from the time at which the last of them came round, if they stay so`() {
        let left = [Change(time: time(1), state: 1), Change(time: time(50), state: 2)]
        let right = [Change(time: time(10), state: 1), Change(time: time(30), state: 2)]
        func first(_ hold: Int64, from start: Int64 = 0) -> WallTime? {
            Timeline.first([left, right], from: time(start), hold: .milliseconds(hold)) { $0[0] == $0[1] }
        }
        #expect(first(15) == time(10))
        #expect(first(25) == time(50))
        #expect(first(15, from: 20) == time(50))
        #expect(first(15, from: 60) == time(60))
        #expect(Timeline.first([left, right], from: time(0), hold: .zero) { $0 == [3, 3] } == nil)
        #expect(Timeline.tail(left, from: time(49)).map(\.state) == [1, 2])
        #expect(Timeline.tail(left, from: time(50)).map(\.state) == [2])
    }
}
