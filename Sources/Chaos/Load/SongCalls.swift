package import Client
internal import Crypto
internal import FoundationEssentials
internal import HTTP
package import Model
package import Platform

/// What a server said to an upload.
package enum UploadOutcome: Hashable, Sendable {
    /// 201, or 200 for a song that it had.
    case acknowledged(SongID, replicas: Int)
    /// 307: that Router takes it.
    case elsewhere(Endpoint)
    /// Another answer, with the API's code.
    case refused(status: Int, code: String)
    /// No answer, or only a part of one: the song may be there or not.
    case unknown(String)
}

/// Single requests about songs to single servers, as an impatient client makes them.
@Loop
package struct SongCalls {
    private static let pieceLength = 64 << 10
    let world: ClientWorld

    package init(world: ClientWorld) { self.world = world }

    /// Gives a song to one server, or to the Router that it points to.
    /// - Parameter patience: how long its answer may take after the last byte.
    package func upload(
        _ song: SyntheticSong, to server: Endpoint, patience: Duration = .seconds(10)
    ) async -> UploadOutcome {
        let outcome = await give(song, server, patience)
        guard case .elsewhere(let router) = outcome else { return outcome }
        return await give(song, router, patience)
    }

    private func give(_ song: SyntheticSong, _ server: Endpoint, _ patience: Duration) async -> UploadOutcome {
        let bytes = song.bytes
        let form = UploadForm(fileName: song.fileName, hash: song.hash)
        let length = form.length(ofFile: Int64(bytes.count))
        do throws(AttemptError) {
            let exchange = try await HTTPExchange.open(
                server, "POST", "/api/v1/songs",
                headers: ["Content-Type": form.contentType, "Content-Length": String(length)], world: world)
            defer { exchange.close() }
            let body = form.head + bytes + form.tail
            var offset = 0
            while offset < body.count {
                let end = min(body.count, offset + Self.pieceLength)
                do throws(AttemptError) {
                    try await exchange.send(body[offset..<end], patience: .seconds(5))
                } catch {
                    // It may have answered before it closed.
                    break
                }
                offset = end
            }
            let head = try await exchange.head(patience: patience)
            return Self.outcome(head, try await exchange.wholeBody(atMost: 1 << 20, patience: patience))
        } catch {
            return .unknown("\(error)")
        }
    }

    private static func outcome(_ head: ResponseHead, _ body: [UInt8]) -> UploadOutcome {
        if let place = head.headers["Location"], place.hasPrefix("http://"),
            let router = Endpoint(String(place.dropFirst(7).prefix { $0 != "/" }))
        {
            return .elsewhere(router)
        }
        guard head.status == 200 || head.status == 201 else {
            let error = try? JSONText.decode(ErrorBody.self, from: body).error
            return .refused(status: head.status, code: error?.code ?? "")
        }
        guard let song = try? JSONText.decode(StoredSong.self, from: body) else {
            return .unknown("an answer that is no song")
        }
        return .acknowledged(song.id, replicas: head.headers["X-Rondo-Replicas"].flatMap { Int($0) } ?? 0)
    }

    /// The ids of all songs that one server lists; nil where it does not answer.
    package func songs(at server: Endpoint) async -> Set<SongID>? {
        var found: Set<SongID> = []
        var cursor: String?
        repeat {
            let next = cursor.map { "&cursor=\($0)" } ?? ""
            guard let page = await page("/api/v1/songs?limit=500" + next, server) else { return nil }
            found.formUnion(page.songs.map(\.id))
            cursor = page.next
        } while cursor != nil
        return found
    }

    private func page(_ target: String, _ server: Endpoint) async -> SongPage? {
        do throws(AttemptError) {
            let exchange = try await HTTPExchange.open(server, "GET", target, world: world)
            defer { exchange.close() }
            guard try await exchange.head().status == 200 else { return nil }
            return try? JSONText.decode(SongPage.self, from: try await exchange.wholeBody(atMost: 16 << 20))
        } catch {
            return nil
        }
    }

    /// Why one server does not give a song bit for bit; nil when it does.
    package func fault(of song: SyntheticSong, _ id: SongID, at server: Endpoint) async -> String? {
        do throws(AttemptError) {
            let exchange = try await HTTPExchange.open(server, "GET", "/api/v1/songs/\(id)/audio", world: world)
            defer { exchange.close() }
            let head = try await exchange.head(patience: .seconds(3))
            let body = try await exchange.wholeBody(atMost: 64 << 20, patience: .seconds(3))
            guard head.status == 200 else { return "answered \(head.status) \(String(decoding: body, as: UTF8.self))" }
            return body == song.bytes ? nil : "sent \(body.count) bytes that are not the song's"
        } catch {
            return "\(error)"
        }
    }
}

private struct StoredSong: Decodable { var id: SongID }

private struct SongPage: Decodable {
    var songs: [StoredSong]
    var next: String?
}
