import Model

/// Who takes which role: a pure function of a roster, so that deciding twice does no harm.
enum RoleDecision {
    /// Fewer than these of a role is an emergency. Of two servers each takes one role; one alone does both duties.
    static func minimum(servers: Int) -> RoleCounts {
        switch servers {
        case ...1: RoleCounts()
        case 2: RoleCounts(data: 1, router: 1)
        default: RoleCounts(data: 2, router: 1)
        }
    }

    /// How many servers of a role are missing, and which role that is; Routers first, for without one nothing plays.
    static func missing(from counts: RoleCounts, to wanted: RoleCounts) -> (role: Role, count: Int)? {
        if counts.router < wanted.router { return (.router, wanted.router - counts.router) }
        if counts.data < wanted.data { return (.data, wanted.data - counts.data) }
        return nil
    }

    /// The first fit servers clockwise of the manager, itself last: alive, free to change, and not needed where they
    /// are.
    ///
    /// Fit to leave a role is who leaves at least the target of it behind. Without any Router one server is always fit:
    /// a switch moves no byte, so no last replica is lost by it.
    static func takers(
        of role: Role, count: Int, counts: RoleCounts, manager: ServerID, roster: Roster,
        isFree: (RosterEntry) -> Bool
    ) -> [ServerID] {
        let target = RoleCounts.target(servers: counts.total)
        var spare = counts[role.other] - target[role.other]
        if role == .router, counts.router == 0 { spare = max(spare, 1) }
        guard spare > 0 else { return [] }
        let candidates = roster.clockwise(after: manager) + [roster[manager]].compactMap(\.self)
        let fit = candidates.filter {
            $0.role == role.other && $0.state == .alive && !$0.leaving && !$0.pinned && isFree($0)
        }
        return fit.prefix(min(count, spare)).map(\.id)
    }
}
