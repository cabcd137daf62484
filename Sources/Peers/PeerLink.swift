internal import Model
internal import Platform
internal import Wire

/// One secured connection with one other process: requests and answers of both sides, told apart by their ids.
@Loop
final class PeerLink {
    let peer: PeerIdentity
    let linkClass: LinkClass
    /// Whether this end made the connection.
    let isDialled: Bool
    /// The names of the keys of which one was proven.
    let keys: Set<String>
    /// It was made with a key that is gone: what is under way goes on, nothing new begins.
    private(set) var isRetiring = false
    /// This end closes it as soon as nothing is under way: the other one begins nothing any more.
    private var isLast = false
    private var isAnnounced = false
    /// The other end had the key, and sent no frames all the same.
    private(set) var wasGarbled = false
    private let stream: any ByteStream
    private let clock: any Clock
    private var parser: FrameParser
    private var nextID: UInt64 = 1
    private var waiting: [UInt64: CheckedContinuation<Result<PeerReply, PeerError>, Never>] = [:]
    private var working = 0
    private var workingBytes = 0
    private var readerPause: CheckedContinuation<Void, Never>?
    private let writing: WriteQueue
    private(set) var isOpen = true
    /// Since when an answer has been due without a byte from the other end.
    private var silentSince: MonotonicTime?
    private let serve: @Loop (FrameKind, PeerRequest) async -> Result<PeerReply, PeerRefusal>
    private let closed: @Loop (PeerLink) -> Void

    /// How many answers may be awaited on one link.
    private static let maximumWaiting = 1024
    /// Bytes of the other side's requests that are worked on before reading stops, whatever their number.
    private static let maximumWorkingBytes = 16 << 20
    /// So much of a frame is worth reading by itself, without going through the parser's buffer.
    private static let longRest = 16 << 10
    /// How long the rest of a frame that has begun, or the taking of bytes we write, may take.
    static let progressDeadline = Duration.seconds(10)
    /// A link on which nothing has come for so long, though an answer was due, is given up: the other end may have gone
    /// without a word, and the kernel would go on trying for a quarter of an hour.
    private static let silenceLimit = Duration.seconds(3)

    init(
        stream: any ByteStream, parser: FrameParser, peer: PeerIdentity, linkClass: LinkClass, isDialled: Bool,
        keys: Set<String>, clock: any Clock,
        serve: @escaping @Loop (FrameKind, PeerRequest) async -> Result<PeerReply, PeerRefusal>,
        closed: @escaping @Loop (PeerLink) -> Void
    ) {
        self.stream = stream
        self.parser = parser
        self.peer = peer
        self.linkClass = linkClass
        self.isDialled = isDialled
        self.keys = keys
        self.clock = clock
        self.serve = serve
        self.closed = closed
        writing = WriteQueue(stream: stream, clock: clock)
    }

    /// Reads until the link ends, for whatever reason; then everyone who waits on it learns so.
    func run() async {
        while isOpen {
            do {
                while let frame = try parser.next() { await take(frame) }
                if let (frame, missing) = try parser.takeBeginning(least: Self.longRest) {
                    guard let whole = try await complete(frame, missing) else { break }
                    await take(whole)
                    continue
                }
                let deadline = parser.isInsideFrame ? clock.now + Self.progressDeadline : .distantFuture
                let bytes = try await stream.read(
                    atMost: min(max(parser.missing, Self.longRest), 256 << 10), deadline: deadline)
                if bytes.isEmpty { break }
                silentSince = nil
                parser.append(bytes)
            } catch {
                // A stream that broke and a peer that sends no frames end the same way: this link, and nothing else.
                wasGarbled = error is FrameError
                break
            }
        }
        close()
    }

    /// Reads the rest of a long body to where it is to stay; nil where the stream ends before.
    private func complete(_ beginning: Frame, _ missing: Int) async throws -> Frame? {
        var frame = beginning
        var filled = frame.body.count
        frame.body = [UInt8](repeating: 0, count: filled + missing)
        frame.body.replaceSubrange(..<filled, with: beginning.body)
        while filled < frame.body.count {
            let count = try await stream.read(
                into: &frame.body, from: filled, deadline: clock.now + Self.progressDeadline)
            if count == 0 { return nil }
            silentSince = nil
            filled += count
        }
        return frame
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        stream.close()
        writing.close()
        let orphans = waiting
        waiting = [:]
        for (_, continuation) in orphans { continuation.resume(returning: .failure(.closed)) }
        readerPause?.resume()
        readerPause = nil
        closed(self)
    }

    /// Lets what is under way at both ends end, for ten seconds at most, and closes.
    func retire() {
        guard isOpen, !isLast else { return }
        isRetiring = true
        isLast = true
        let deadline = clock.now + Self.progressDeadline
        _ = clock.schedule(at: deadline) { [weak self] in self?.close() }
        Loop.spawn("peer.retire") { [self] in
            // Whatever the answer is: what the other end had begun by then has been read before it.
            _ = await request(.retire, header: Array("{}".utf8), body: [], deadline: deadline)
            isAnnounced = true
            closeIfDrained()
        }
    }

    private func closeIfDrained() {
        if isAnnounced, waiting.isEmpty, working == 0 { close() }
    }

    /// The other end closes it soon.
    private func otherRetires(_ frame: Frame) {
        isRetiring = true
        let reply = Frame(kind: .retire, direction: .reply, requestID: frame.requestID)
        Loop.spawn("peer.write") { [self] in if await !writing.write(reply) { close() } }
    }

    func request(_ kind: FrameKind, header: [UInt8], body: [UInt8], deadline: MonotonicTime)
        async -> Result<PeerReply, PeerError>
    {
        guard isOpen else { return .failure(.closed) }
        guard waiting.count < Self.maximumWaiting else { return .failure(.overloaded) }
        let id = nextID
        nextID += 1
        silentSince = silentSince ?? clock.now
        let timer = clock.schedule(at: deadline) { [weak self] in self?.gaveUp(id) }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            waiting[id] = continuation
            let frame = Frame(kind: kind, direction: .request, requestID: id, header: header, body: body)
            Loop.spawn("peer.write") { [self] in
                // Who has given up by the time the frame's turn comes needs no answer to it any more.
                if await !writing.write(frame, if: { [self] in waiting[id] != nil }) { close() }
            }
        }
    }

    private func gaveUp(_ id: UInt64) {
        settle(id, .failure(.timedOut))
        if let silentSince, clock.now - silentSince >= Self.silenceLimit { close() }
    }

    private func settle(_ id: UInt64, _ result: Result<PeerReply, PeerError>) {
        waiting.removeValue(forKey: id)?.resume(returning: result)
        closeIfDrained()
    }

    private func take(_ frame: Frame) async {
        switch frame.direction {
        case .reply:
            settle(frame.requestID, .success(PeerReply(header: frame.header, body: frame.body)))
        case .refusal:
            let refusal = try? WireJSON.decode(PeerRefusal.self, from: frame.header)
            settle(
                frame.requestID,
                .failure(.refused(code: refusal?.code ?? "refused", message: refusal?.message ?? "no reason was given"))
            )
        case .request where frame.kind == .retire: otherRetires(frame)
        case .request:
            working += 1
            workingBytes += frame.length
            Loop.spawn("peer.serve") { [self] in await answer(frame) }
            if isBusy {
                await withCheckedContinuation { readerPause = $0 }
            }
        }
    }

    private var isBusy: Bool {
        working >= linkClass.concurrency || workingBytes >= Self.maximumWorkingBytes
    }

    private func answer(_ frame: Frame) async {
        let request = PeerRequest(from: peer, header: frame.header, body: frame.body)
        let answer =
            switch await serve(frame.kind, request) {
            case .success(let reply):
                Frame(
                    kind: frame.kind, direction: .reply, requestID: frame.requestID, header: reply.header,
                    body: reply.body)
            case .failure(let refusal):
                Frame(
                    kind: frame.kind, direction: .refusal, requestID: frame.requestID, header: WireJSON.encode(refusal))
            }
        if await !writing.write(answer) { close() }
        working -= 1
        workingBytes -= frame.length
        if !isBusy {
            readerPause?.resume()
            readerPause = nil
        }
        closeIfDrained()
    }
}

extension Frame {
    /// Bytes of memory, nearly.
    fileprivate var length: Int { header.count + body.count }
}

/// Lets one frame after the other onto a stream: a frame is written whole before the next one begins.
@Loop
private final class WriteQueue {
    private let stream: any ByteStream
    private let clock: any Clock
    private var isBusy = false
    private var isClosed = false
    private var turns: [CheckedContinuation<Void, Never>] = []

    init(stream: any ByteStream, clock: any Clock) {
        self.stream = stream
        self.clock = clock
    }

    /// - Parameter isWanted: asked when the frame's turn has come; false leaves it out.
    /// - Returns: false when the stream broke.
    func write(_ frame: Frame, if isWanted: @Loop () -> Bool = { true }) async -> Bool {
        if isBusy { await withCheckedContinuation { turns.append($0) } } else { isBusy = true }
        defer { passOn() }
        guard !isClosed else { return false }
        guard isWanted() else { return true }
        do {
            let head = frame.encodedHead
            let pace = SendingPace(piece: frame.body.count, time: PeerLink.progressDeadline)
            // Short frames leave in one piece; a chunk is not copied behind its head.
            if frame.body.count <= 16 << 10 {
                try await stream.write(head + frame.body, deadline: clock.now + PeerLink.progressDeadline)
            } else {
                try await stream.write(head, then: .bytes(frame.body[...]), pace: pace)
            }
            return true
        } catch {
            return false
        }
    }

    /// Hands the stream to the next in line without letting go of it, so that no newcomer slips in between.
    private func passOn() {
        if turns.isEmpty { isBusy = false } else { turns.removeFirst().resume() }
    }

    /// Those in line find the queue closed when their turn comes, which is at once.
    func close() { isClosed = true }
}
