import Model
import Platform
import Ring
import Testing
import TestTools

@testable import Node

@Suite struct RosterLogTests {
    private func life(_ number: UInt64) -> ServerLife {
        ServerLife(id: ServerID(UInt128(number) << 96), incarnation: Incarnation(1))
    }

    private func entry(_ number: UInt64, _ role: Role, isDead: Bool = false) -> RosterEntry {
        var entry = RosterEntry(
            id: life(number).id, incarnation: life(number).incarnation, startNonce: number, role: role,
            host: HostAddress(127, 0, 0, UInt8(number)), peerPort: 7700, httpPort: 8080)
        if isDead { entry.state = .dead }
        return entry
    }

    private func ring(_ others: [RosterEntry]) -> Ring {
        Ring(
            identity: Ring.Identity(entry: entry(1, .data), roleIsRemembered: false), roster: Roster(others), seed: 1)
    }

    @Test func `what changed is said once, with who has gone, who came and how many hold each role`() {
        let lines = Locked<[String]>([])
        let logger = Logger(level: .debug) { _, message, fields in
            let values = fields.filter { $0.0 != "digest" }.map { "\($0.0)=\($0.1)" }
            lines.withLock { $0.append(([message] + values).joined(separator: " ")) }
        }
        var log = RosterLog()
        log.note(ring([entry(2, .router), entry(3, .router)]), in: logger)
        log.note(ring([entry(2, .router), entry(3, .router)]), in: logger)
        log.note(ring([entry(2, .router, isDead: true), entry(3, .router)]), in: logger)
        #expect(
            lines.withLock { $0 } == [
                "the links changed predecessor=00000003/1 successor=00000002/1 secondSuccessor=00000003/1",
                "the roster changed life=00000001/1 members=3 data=1 router=2 gone= "
                    + "came=00000001/1 00000002/1 00000003/1",
                "the links changed predecessor=00000003/1 successor=00000003/1 secondSuccessor=",
                "the roster changed life=00000001/1 members=2 data=1 router=1 gone=00000002/1 came=",
            ])
    }

    @Test func `a server that logs less takes no trouble over it`() {
        let lines = Locked(0)
        var log = RosterLog()
        log.note(ring([entry(2, .router)]), in: Logger(level: .info) { _, _, _ in lines.withLock { $0 += 1 } })
        #expect(lines.withLock { $0 } == 0)
    }
}
