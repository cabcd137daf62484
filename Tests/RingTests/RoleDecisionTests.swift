import Model
import Testing

@testable import Ring

@Suite struct RoleDecisionTests {
    private func takers(_ roles: [Role], short role: Role, missing: Int, pinned: Set<Int> = [], manager: UInt64 = 1)
        -> [UInt128]
    {
        var roster = Roster()
        for (index, role) in roles.enumerated() {
            var entry = server(UInt64(index + 1), role: role)
            entry.pinned = pinned.contains(index + 1)
            roster.merge(entry)
        }
        return RoleDecision.takers(
            of: role, count: missing, counts: roster.counts, manager: ServerID(UInt128(manager)), roster: roster
        ) { _ in true }.map(\.value)
    }

    @Test(arguments: 1...40) func `The minimum is within the target`(servers: Int) {
        let minimum = RoleDecision.minimum(servers: servers)
        let target = RoleCounts.target(servers: servers)
        #expect(minimum.data <= target.data && minimum.router <= target.router)
    }

    @Test func `Of two Data servers left alone one becomes Router`() {
        #expect(takers([.data, .data], short: .router, missing: 1) == [2])
    }

    @Test func `Three Routers left alone give two Data`() {
        #expect(takers([.router, .router, .router], short: .data, missing: 2) == [2, 3])
    }

    @Test func `The first fit ones clockwise of the manager switch, the manager last`() {
        let roles: [Role] = [.router, .router, .data, .router, .router]
        #expect(takers(roles, short: .data, missing: 1, manager: 4) == [5])
        #expect(takers(roles, short: .data, missing: 1, manager: 5) == [1])
    }

    @Test func `Nobody leaves a role that would then be short`() {
        #expect(takers([.data, .data, .router], short: .router, missing: 1) == [])
    }

    @Test func `Pinned servers stay`() {
        #expect(takers([.data, .data, .router, .data], short: .router, missing: 1, pinned: [2]) == [4])
        #expect(takers([.data, .data], short: .router, missing: 1, pinned: [1, 2]) == [])
    }

    @Test func `A missing Router comes before missing Data`() {
        let missing = RoleDecision.missing(from: RoleCounts(data: 0, router: 0), to: RoleCounts(data: 2, router: 1))
        #expect(missing?.role == .router)
    }
}
