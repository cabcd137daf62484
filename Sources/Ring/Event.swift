package import Model

extension Ring {
    /// A server that may be a member: from the registry, from discovery, or from the last run's roster.
    package struct Contact: Hashable, Sendable, Codable {
        package let endpoint: Endpoint
        /// Nil when only the address is known.
        package let life: ServerLife?

        package init(endpoint: Endpoint, life: ServerLife?) {
            self.endpoint = endpoint
            self.life = life
        }
    }

    /// Names one sent message until it is acknowledged or lost; unique for a machine's lifetime.
    package struct MessageID: Hashable, Comparable, Sendable {
        package let value: UInt64

        package init(_ value: UInt64) { self.value = value }
        package static func < (left: MessageID, right: MessageID) -> Bool { left.value < right.value }
    }

    /// A timer that the shell sets; one with an old generation has been replaced and is ignored.
    package struct Timer: Hashable, Sendable {
        /// What the timer is for.
        package enum Kind: Hashable, Sendable {
            /// Probing and everything that is due every 50 to 200 ms.
            case tick
            /// Ageing the dead, once a second.
            case second
            /// The end of the wait for those who were asked about a suspect.
            case confirmation(ServerLife)
            /// A server may be connected to again after a closed connection that was no death.
            case rest(ServerID)
            /// The end of a probe request made by another server.
            case inquiry(ServerLife)
            /// The end of the wait for one's own alert.
            case round
            /// Time to compare the roles with the target.
            case roles
            /// Time to send an instruction again.
            case instruction
            case provisional
            /// The end of holding the token, or of waiting for a lost one.
            case token
            /// Time to send what has changed, in large rings.
            case spread
            case join
            case leave
        }

        package let kind: Kind
        package let generation: UInt64

        package init(kind: Kind, generation: UInt64) {
            self.kind = kind
            self.generation = generation
        }
    }

    /// How a dial ended.
    package enum DialResult: Hashable, Sendable {
        /// The system at the other end refused, or reset before the handshake: nobody listens there.
        case refused
        /// Somebody answered: the life it named, or nil for one that does not have the cluster's key.
        case answered(ServerLife?)
        /// No answer before the deadline, no route, a handshake that hung: unknown.
        case timedOut
    }

    /// Why a message was not acknowledged. It may have arrived all the same.
    package enum LossReason: Hashable, Sendable {
        case refused
        /// Another life than the one that was named answers there; the message was not delivered.
        case answeredBy(ServerLife)
        /// The deadline passed or the connection broke.
        case timedOut
    }

    /// What has happened to a server; its shell reports it.
    package enum Event: Hashable, Sendable {
        /// Comes first. An empty list means that there is nobody else yet.
        case started(contacts: [Contact])
        case timerFired(Timer)
        /// The shell has checked its seal, that it is no replay, and that `to.id` is this server's.
        case probeReceived(Probe, from: Endpoint)
        /// The sender's life is the one that its connection's handshake proved. The shell acknowledges it afterwards.
        indirect case messageReceived(Message, from: ServerLife)
        case messageAcknowledged(MessageID, by: ServerLife)
        case messageLost(MessageID, LossReason)
        /// A connection of `Effect.watch` broke, or could not be made; not reported when this end closed it.
        case connectionClosed(ServerLife)
        case dialEnded(ServerLife, DialResult)
        /// From the registry at every renewal, and from discovery.
        case contactsLearnt([Contact])
        /// `Effect.persist` is done; only now the incarnation is used.
        case incarnationPersisted(Incarnation)
        /// `Effect.adoptRole` is done, and the role is remembered on disk.
        case roleAdopted(Role)
        /// This server holds a chunk now, so that its role is no longer provisional.
        case chunkStored
        /// Open streams or similar; told in alert rows only.
        case loadChanged(Int)
        /// SIGTERM: announce that this server goes.
        case leaveRequested
        /// All is handed over: say goodbye; `Effect.stop` follows within 300 ms.
        case leaveCompleted
    }
}
