/// What a ring server does for the cluster. The registry is no ring role: its operator chooses it.
package enum Role: String, Hashable, Sendable, Codable, CaseIterable {
    /// Keeps the music.
    case data
    /// Serves the listeners.
    case router

    package var other: Role { self == .data ? .router : .data }
    package var name: String { self == .data ? "Data" : "Router" }
}

/// How many servers of each role a ring has, or should have.
package struct RoleCounts: Hashable, Sendable, Codable {
    package var data: Int
    package var router: Int

    package init(data: Int = 0, router: Int = 0) {
        self.data = data
        self.router = router
    }

    package subscript(role: Role) -> Int {
        get { role == .data ? data : router }
        set { if role == .data { data = newValue } else { router = newValue } }
    }

    package var total: Int { data + router }

    /// 2 Data to 3 Routers as close as whole numbers allow, at least 2 Data from three servers on and 1 Router
    /// (the spec, §4): 1: both duties on one server, counted as Data; 2: 1+1; 3: 2+1; 4: 2+2; 5: 2+3; 7: 3+4; 10: 4+6.
    package static func target(servers: Int) -> RoleCounts {
        switch servers {
        case ...0: RoleCounts()
        case 1: RoleCounts(data: 1, router: 0)
        case 2: RoleCounts(data: 1, router: 1)
        default: target(ofMany: servers)
        }
    }

    private static func target(ofMany servers: Int) -> RoleCounts {
        let nearest = (2 * servers * 2 + 5) / 10
        let data = min(max(nearest, 2), servers - 1)
        return RoleCounts(data: data, router: servers - data)
    }

    /// The role that a server should take which finds these counts without itself: the one farther below its target.
    package var short: Role {
        let target = RoleCounts.target(servers: total + 1)
        return target.router - router > target.data - data ? .router : .data
    }
}
