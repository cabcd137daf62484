/// The cluster as `GET /api/v1/cluster` and `rondo status --json` show it (the spec, §6).
package struct ClusterStatus: Hashable, Sendable, Codable {
    /// One server of the ring.
    package struct Member: Hashable, Sendable, Codable {
        package var id: ServerID
        package var address: HostAddress
        package var role: Role
        /// `alive`, `suspect`, `dead` or `left`.
        package var state: String
        package var incarnation: Incarnation
        /// Nil where the server has no place in the ring, as when it is dead.
        package var predecessor: ServerID?
        /// The successor and the one after; fewer in rings of less than three.
        package var successors: [ServerID]
        /// `HOST:PORT` as listeners are told it.
        package var publicHttp: String
        package var httpPort: UInt16
        package var peerPort: UInt16

        package init(
            id: ServerID, address: HostAddress, role: Role, state: String, incarnation: Incarnation,
            predecessor: ServerID?, successors: [ServerID], publicHttp: String, httpPort: UInt16, peerPort: UInt16
        ) {
            self.id = id
            self.address = address
            self.role = role
            self.state = state
            self.incarnation = incarnation
            self.predecessor = predecessor
            self.successors = successors
            self.publicHttp = publicHttp
            self.httpPort = httpPort
            self.peerPort = peerPort
        }
    }

    /// How well the music is kept.
    package struct Replication: Hashable, Sendable, Codable {
        /// Copies wanted of every chunk.
        package var target: Int
        /// Chunks with fewer.
        package var under: Int
        /// Chunks with none that can be reached.
        package var lost: Int
        /// Copies that are still to be made; nil where nothing is to be copied.
        package var moving: Int?
        /// In how many seconds they will be there, by how fast it went so far.
        package var secondsLeft: Int?

        package init(target: Int, under: Int, lost: Int, moving: Int? = nil, secondsLeft: Int? = nil) {
            self.target = target
            self.under = under
            self.lost = lost
            self.moving = moving
            self.secondsLeft = secondsLeft
        }
    }

    /// The process that answers.
    package struct Process: Hashable, Sendable, Codable {
        package var pid: Int
        /// ISO 8601, in UTC.
        package var startedAt: String
        package var version: String

        package init(pid: Int, startedAt: String, version: String) {
            self.pid = pid
            self.startedAt = startedAt
            self.version = version
        }
    }

    /// What the server that answers has to do.
    package struct Load: Hashable, Sendable, Codable {
        /// Songs that it is sending to listeners.
        package var streams: Int
        /// Chunks on its disk.
        package var chunks: Int
        /// Bytes of chunks that it may keep; nil where its operator has set no bound.
        package var capacity: Int64?

        package init(streams: Int, chunks: Int, capacity: Int64?) {
            self.streams = streams
            self.chunks = chunks
            self.capacity = capacity
        }
    }

    /// The server that answers.
    package var `self`: ServerID
    package var epoch: UInt64
    /// In the order of the ring.
    package var members: [Member]
    /// Live servers per role.
    package var counts: RoleCounts
    package var replication: Replication
    /// Songs in the catalogue of the server that answers.
    package var songs: Int
    /// Bytes of chunks that the server that answers holds.
    package var bytes: Int64
    /// Nil from servers of a version before it.
    package var process: Process?
    package var load: Load?

    package init(
        self id: ServerID, epoch: UInt64, members: [Member], counts: RoleCounts, replication: Replication, songs: Int,
        bytes: Int64, process: Process? = nil, load: Load? = nil
    ) {
        self.`self` = id
        self.epoch = epoch
        self.members = members
        self.counts = counts
        self.replication = replication
        self.songs = songs
        self.bytes = bytes
        self.process = process
        self.load = load
    }
}
