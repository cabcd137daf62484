package import Model

extension Ring {
    /// Why the machine asks for the end of its process.
    package enum StopReason: Hashable, Sendable {
        /// A graceful leave is complete.
        case left
        /// Another process runs with this server's id, at this address.
        case duplicateIdentity(Endpoint)
    }

    /// What the shell is to do, in this order.
    package enum Effect: Hashable, Sendable {
        /// Seal it and send it as a datagram; it may get lost.
        case sendProbe(Probe, to: Endpoint)
        /// Deliver it over a connection, an open one or a new one, and report `messageAcknowledged` or `messageLost` by
        /// the deadline. A nil life accepts whoever answers there.
        indirect case send(Message, MessageID, to: ServerLife?, at: Endpoint, within: Duration)
        /// Keep a connection open to this life and report its loss with `connectionClosed`, once.
        case watch(ServerLife, at: Endpoint)
        case unwatch(ServerLife)
        /// Make a new connection to see who answers, and report `dialEnded` by the deadline.
        case dial(ServerLife, at: Endpoint, within: Duration)
        /// Report `timerFired` at this time or as soon after as possible; it replaces the earlier one of its kind.
        case setTimer(Timer, at: MonotonicTime)
        case cancelTimer(Timer)
        /// Store the incarnation on disk (fsync), then report `incarnationPersisted`.
        case persist(Incarnation)
        /// Take up the duties of this role, remember it on disk, then report `roleAdopted`.
        case adoptRole(Role, Epoch)
        /// Tell the registry that this life is dead.
        case reportDeath(ServerLife)
        /// This server's own entry has changed: renew its lease now.
        case updateRegistry(RosterEntry)
        /// `Ring.roster`, `links` or `suspects` are not what they were.
        case rosterChanged
        case report(Observation)
        case stop(StopReason)
    }

    /// Why a server is thought to be gone.
    package enum Evidence: String, Hashable, Sendable, Codable {
        /// Its connection closed and its address refuses, or another life answers there.
        case closed
        /// Its connection closed and nobody answers.
        case unanswered
        /// Nothing was received from it for too long.
        case silent
    }

    /// What is worth a line in the log and a count in the metrics.
    package enum Observation: Hashable, Sendable {
        case joined(members: Int)
        case suspected(ServerLife, Evidence)
        /// Somebody hears it: at most this server's own path is broken.
        case cleared(ServerLife)
        case died(ServerLife, Evidence, unconfirmed: Bool)
        case left(ServerLife)
        /// This server was held for dead or suspect and says otherwise.
        case refuted(Incarnation)
        /// A server that was held dead is back.
        case returned(ServerLife)
        /// Another roster was merged, and this many servers thought dead are present again.
        case merged(returned: Int)
        case alertLaunched(AlertID, failures: [ServerLife])
        case alertAbsorbed(AlertID, by: AlertID)
        case alertSkipped(AlertID, unheard: ServerLife)
        /// The alert is back: this server is the manager.
        case becameManager(AlertID)
        case imbalanceSent(Imbalance)
        /// A role is short and nobody may take it; tried again when the roster changes.
        case imbalanceStuck(Role, missing: Int)
        case roleTaken(Role, Epoch)
        case tokenMade(TokenMark)
    }
}
