import Model

extension Ring {
    /// The times and bounds of the ring. `docs/ring.md` says what each is for. Waits for answers are those of one room;
    /// where answers take longer than `hopLimit`, `RoundTrips` makes them longer.
    package struct Configuration: Hashable, Sendable {
        /// Between the heartbeats that a server sends to its observers.
        package var probeInterval: Duration = .milliseconds(200)
        /// With nothing heard for so long an observer probes: a heartbeat was lost.
        package var heartbeatLimit: Duration = .milliseconds(250)
        /// Between such probes.
        package var fastProbeInterval: Duration = .milliseconds(50)
        /// With nothing heard for so long it is suspect.
        package var silenceLimit: Duration = .milliseconds(800)
        /// The same for those further on that are probed every 50 ms because one before them is suspect.
        package var urgentSilenceLimit: Duration = .milliseconds(400)
        /// How many places are probed when one is suspect.
        package var urgentPlaces = 8
        /// A gap in one's own ticks over this voids one's pending misses: it was I who was away.
        package var tickGap: Duration = .milliseconds(100)
        /// For the dial that follows a closed connection.
        package var redialLimit: Duration = .milliseconds(150)
        /// After a closed connection that was no death, no new one for so long; doubles up to the maximum.
        package var connectionRest: Duration = .seconds(1)
        package var connectionRestMaximum: Duration = .seconds(60)
        /// How long a server that is asked probes before it says "silent".
        package var inquiryTime: Duration = .milliseconds(200)
        /// How long the asker waits for those it asked.
        package var confirmationLimit: Duration = .milliseconds(300)
        /// A death that was told about a server heard within this time is passed to the accused first.
        package var recentlyHeard: Duration = .seconds(1)
        /// No alert, switch or repair so long after a merge.
        package var mergeRest: Duration = .seconds(1)
        /// For messages that are no hop of an alert.
        package var messageLimit: Duration = .milliseconds(500)
        /// A hop that does not acknowledge the alert in this time is skipped.
        package var hopLimit: Duration = .milliseconds(50)
        /// An answer is never waited for longer than this because of the paths that were measured.
        package var tripLimit: Duration = .seconds(1)
        /// The base of the wait for one's own alert; the number of servers adds to it.
        package var roundLimit: Duration = .milliseconds(600)
        /// Between two sendings of an instruction.
        package var instructionInterval: Duration = .milliseconds(200)
        /// Quiet needed before a step towards 2:3.
        package var quietTime: Duration = .seconds(10)
        /// How long a young server without chunks may choose its role anew.
        package var provisionalTime: Duration = .seconds(10)
        /// Quiet needed before a provisional server looks at the counts.
        package var provisionalRest: Duration = .milliseconds(300)
        /// How long each holder keeps the token.
        package var tokenHold: Duration = .seconds(1)
        /// A token that nobody passed on for so long is lost.
        package var tokenLoss: Duration = .seconds(3)
        /// How long the dead are remembered.
        package var deadMemory: Duration = .seconds(24 * 3600)
        /// For how long one's positive evidence is mere suspicion after a refuted death; doubles each time.
        package var demotion: Duration = .seconds(60)
        /// Above so many servers changes go by a tree.
        package var directSpreadLimit = 64
        /// The children of one server in that tree.
        package var treeFanOut = 8
        /// What changes within this time goes in one message, in rings above `directSpreadLimit`.
        package var spreadDelay: Duration = .milliseconds(20)
        /// The same while many servers begin another life at once.
        package var gatherDelay: Duration = .milliseconds(100)
        /// Above so many servers an alert carries counts instead of rows.
        package var rowLimit = 256
        /// Deaths within `flapWindow` from which on a server's return is damped.
        package var flapDeaths = 3
        package var flapWindow: Duration = .seconds(60)
        /// How long a flapping server must live before it counts; doubles with each further death up to `flapMaximum`.
        package var flapRest: Duration = .seconds(10)
        package var flapMaximum: Duration = .seconds(300)

        package init() {}
    }

    /// Who this server is when its machine starts.
    package struct Identity: Hashable, Sendable {
        /// The own entry as it begins: its incarnation is above every earlier one and already on disk.
        ///
        /// It is provisional where the role was chosen by the counts and no chunk is held.
        package let entry: RosterEntry
        /// Whether the role is remembered from an earlier run; then it is kept until a manager says otherwise.
        package let roleIsRemembered: Bool

        package init(entry: RosterEntry, roleIsRemembered: Bool) {
            self.entry = entry
            self.roleIsRemembered = roleIsRemembered
        }
    }
}
