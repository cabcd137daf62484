import Model
import Testing

@testable import Ring

@Suite struct InstructionTests {
    private func instruction(_ counter: UInt64, role: Role = .router, takers: [UInt128] = [1]) -> Ring.Event {
        let imbalance = Imbalance(
            epoch: Epoch(counter: counter, manager: ServerID(2)), base: 0, role: role,
            takers: takers.map(ServerID.init),
            isRebalancing: false)
        return .messageReceived(.imbalance(imbalance), from: life(2))
    }

    /// Server 1 among Data servers only: a Router is short.
    private func allData(_ configure: (inout RosterEntry) -> Void = { _ in }) -> Script {
        var script = Script(servers: 3, configure: configure)
        var other = server(2, role: .data)
        other.version = 2
        script.feed(.messageReceived(.changes([other], through: nil), from: life(2)))
        return script
    }

    private func adoptions(_ effects: [Ring.Effect]) -> Int {
        effects.count { if case .adoptRole = $0 { true } else { false } }
    }

    @Test func `An instruction that is needed is followed once, however often it comes`() {
        var script = allData()
        #expect(adoptions(script.feed(instruction(4))) == 1)
        #expect(adoptions(script.feed(instruction(4))) == 0)
        script.feed(.roleAdopted(.router))
        #expect(script.ring.own.role == .router)
        #expect(script.ring.own.roleEpoch == Epoch(counter: 4, manager: ServerID(2)))
        #expect(adoptions(script.feed(instruction(4))) == 0)
    }

    @Test func `An instruction of a lower epoch is ignored`() {
        var script = allData()
        script.feed(instruction(9, takers: [3]))
        #expect(adoptions(script.feed(instruction(8))) == 0)
    }

    @Test func `One that is not needed any more is ignored`() {
        var script = Script(servers: 3)
        #expect(adoptions(script.feed(instruction(4))) == 0)
    }

    @Test func `A pinned server and one that leaves do not follow`() {
        var pinned = allData { $0.pinned = true }
        #expect(adoptions(pinned.feed(instruction(4))) == 0)
        var leaving = allData()
        leaving.feed(.leaveRequested)
        #expect(adoptions(leaving.feed(instruction(4))) == 0)
    }

    @Test func `An old double of the token ends where it is met`() {
        var script = Script(servers: 3)
        let mark = TokenMark(serial: 5, holder: ServerID(1))
        script.feed(.messageReceived(.token(mark), from: life(3)))
        #expect(script.ring.token == mark)
        script.wait(500)
        script.hear(2, 3)
        let passed = script.wait(500).sent.filter { if case .token = $0.message { true } else { false } }
        #expect(passed.map(\.to) == [2])
        script.feed(.messageReceived(.token(mark), from: life(3)))
        for _ in 0..<3 {
            script.hear(2, 3)
            #expect(script.wait(500).sent.allSatisfy { if case .token = $0.message { false } else { true } })
        }
    }

    @Test func `Rows that wind round the ring twice are not one turn`() {
        func row(_ number: UInt64) -> AlertRow {
            AlertRow(life: life(number), role: .data, address: .loopback, load: 0)
        }
        #expect(AlertRow.turns([3, 5, 1].map(row)) == 1)
        #expect(AlertRow.turns([1, 3, 5].map(row)) == 1)
        #expect(AlertRow.turns([1, 5, 3].map(row)) == 2)
        #expect(AlertRow.turns([1].map(row)) == 1)
    }

    @Test func `A hop that does not acknowledge is skipped, named as unheard, and not held dead`() throws {
        var script = Script(servers: 5)
        script.feed(.connectionClosed(life(2)))
        let sent = script.feed(.dialEnded(life(2), .refused)).sent
        let hop = try #require(sent.first { if case .alert = $0.message { true } else { false } })
        #expect(hop.to == 3)
        let next = script.feed(.messageLost(hop.id, .timedOut)).sent
        #expect(next.map(\.to) == [4])
        guard case .alert(let alert)? = next.first?.message else { return #expect(Bool(false), "no alert") }
        #expect(alert.unheard == [life(3)])
        #expect(script.state(3) == .alive)
    }
}
