internal import Model
internal import Platform
internal import Ring

/// Writes what changed in the ring, as this server sees it: for whoever follows the logs of several servers, who finds
/// there when each of them knew of a death, passed over a gap or agreed with the others.
struct RosterLog {
    private var links: Links?
    private var lives: Set<ServerLife> = []
    private var digest: UInt64?

    /// One line for the roster and one for the links, where they are not what they were; nothing above `debug`.
    mutating func note(_ ring: Ring, in log: Logger) {
        guard log.level <= .debug else { return }
        if ring.links != links {
            links = ring.links
            log.debug(
                "the links changed",
                [
                    "predecessor": Self.text(ring.links.predecessor), "successor": Self.text(ring.links.successor),
                    "secondSuccessor": Self.text(ring.links.secondSuccessor),
                ])
        }
        guard ring.roster.digest != digest else { return }
        digest = ring.roster.digest
        let present = Set(ring.roster.present.map(\.life))
        let counts = ring.roster.counts
        log.debug(
            "the roster changed",
            [
                "life": Self.text(ring.roster[ring.id]?.life), "members": present.count, "data": counts.data,
                "router": counts.router, "digest": ring.roster.digest,
                "gone": Self.text(lives.subtracting(present)), "came": Self.text(present.subtracting(lives)),
            ])
        lives = present
    }

    private static func text(_ life: ServerLife?) -> String { life?.description ?? "" }
    private static func text(_ lives: Set<ServerLife>) -> String {
        lives.sorted().map(\.description).joined(separator: " ")
    }
}
