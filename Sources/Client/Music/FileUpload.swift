import HTTP
import Model
import Platform

/// What became of a file.
enum UploadResult: Sendable {
    /// Stored just now, on so many servers.
    case uploaded(Song, replicas: Int)
    /// The cluster had these very bytes.
    case present(Song)
}

/// One attempt at giving one file to one Router, streamed from the disk; an early refusal ends it early.
@Loop
struct FileUpload {
    private static let pieceLength = 256 << 10
    /// How long a Router may take no byte, and how long it may think after the last one.
    private static let writePatience = Duration.seconds(10)
    private static let answerPatience = Duration.seconds(60)
    /// The longest that one upload may take altogether: a gibibyte over a slow line.
    private static let wholePatience = Duration.seconds(6 * 3600)
    private static let continuePatience = Duration.milliseconds(500)

    let path: String
    let fileName: String
    let length: Int64
    let hash: ContentHash
    let world: ClientWorld
    /// Gets the bytes of the file that have been sent so far in this attempt.
    let progress: @Loop @Sendable (Int64) -> Void

    func send(to router: Endpoint) async throws(AttemptError) -> UploadResult {
        let form = UploadForm(fileName: fileName, hash: hash)
        let headers: Headers = [
            "Content-Type": form.contentType, "Content-Length": String(form.length(ofFile: length)),
            "Expect": "100-continue",
        ]
        let exchange = try await HTTPExchange.open(router, "POST", "/api/v1/songs", headers: headers, world: world)
        defer { exchange.close() }
        // A Router that refuses says so before it has got a gibibyte; an old proxy between says nothing (RFC 9110
        // §10.1.1).
        try await exchange.waitForAnything(patience: Self.continuePatience)
        let answer = UploadAnswer(exchange, patience: Self.wholePatience)
        var fault: AttemptError?
        do throws(AttemptError) {
            try await sendBody(form, exchange, until: answer)
        } catch .final(let error) {
            throw .final(error)
        } catch {
            // The Router may have answered before it closed: that answer says more than the broken connection.
            fault = error
        }
        let patience = fault == nil ? Self.answerPatience : Self.continuePatience
        let limit = world.clock.schedule(at: world.clock.now + patience) { exchange.close() }
        defer { limit.cancel() }
        do throws(AttemptError) {
            return try result(try await answer.wait())
        } catch .another(let reason) {
            throw fault ?? .another(reason)
        }
    }

    private func sendBody(
        _ form: UploadForm, _ exchange: HTTPExchange, until answer: UploadAnswer
    ) async throws(AttemptError) {
        try await exchange.send(form.head[...], patience: Self.writePatience)
        var offset: Int64 = 0
        while offset < length, !answer.hasCome {
            let piece = try await read(at: offset)
            try await exchange.send(piece[...], patience: Self.writePatience)
            offset += Int64(piece.count)
            progress(offset)
        }
        if !answer.hasCome { try await exchange.send(form.tail[...], patience: Self.writePatience) }
    }

    private func read(at offset: Int64) async throws(AttemptError) -> [UInt8] {
        let wanted = Int(min(Int64(Self.pieceLength), length - offset))
        do throws(StoreError) {
            let piece = try await world.files.read(path, offset: offset, length: wanted)
            if piece.count == wanted { return piece }
        } catch {
            throw .final(.file("\(path) cannot be read any more"))
        }
        throw .final(.file("\(path) became shorter while it was uploaded; try again when it is whole"))
    }

    private func result(_ answer: (head: ResponseHead, body: [UInt8])) throws(AttemptError) -> UploadResult {
        try RouterSession.check(answer.head, answer.body)
        let song = try RouterSession.decode(Song.self, answer.body)
        guard song.sha256 == hash else { throw .final(.wrongBytes("the cluster stored other bytes than the file has")) }
        let replicas = answer.head.headers["X-Rondo-Replicas"].flatMap { Int($0) } ?? 0
        return answer.head.status == 201 ? .uploaded(song, replicas: replicas) : .present(song)
    }
}

/// The answer to an upload, awaited from its first byte on, since it may come before the last.
@Loop
private final class UploadAnswer {
    private(set) var hasCome = false
    private var result: Result<(head: ResponseHead, body: [UInt8]), AttemptError>?
    private var task: Task<Void, Never>?

    init(_ exchange: HTTPExchange, patience: Duration) {
        task = Loop.spawn("upload answer") {
            do throws(AttemptError) {
                let head = try await exchange.head(patience: patience)
                self.hasCome = true
                self.result = .success((head, try await exchange.wholeBody(atMost: 1 << 20)))
            } catch {
                self.hasCome = true
                self.result = .failure(error)
            }
        }
    }

    func wait() async throws(AttemptError) -> (head: ResponseHead, body: [UInt8]) {
        await task?.value
        guard let result else { throw .another("did not answer") }
        return try result.get()
    }
}
