internal import HTTP
internal import Model
internal import Platform
internal import WebServer

/// One `POST /api/v1/songs`: reads the form as it arrives and passes the file on, holding one piece of it at a time.
@Loop
final class UploadReader {
    private let uploads: any SongUploads
    private let limit: Int64
    private var upload: (any SongUpload)?
    private var fileName = ""
    private var received: Int64 = 0
    private var hasFile = false
    private var isFile = false
    private var tags = SongTags()

    /// - Parameter limit: bytes of the file at most.
    init(uploads: any SongUploads, limit: Int64) {
        self.uploads = uploads
        self.limit = limit
    }

    /// Reads the form and stores the song, or leaves nothing behind.
    func outcome(_ request: Request, _ body: RequestBody) async -> UploadOutcome {
        do {
            try await read(request, body)
            guard let upload, hasFile else { throw Self.missingFile }
            guard received > 0 else {
                throw fileName.isEmpty
                    ? Self.missingFile : APIError(422, "empty_file", "The file is empty; nothing was stored.")
            }
            self.upload = nil
            return await upload.finish(fileName: fileName, overriding: tags)
        } catch {
            await upload?.abort()
            return .refused(Self.apiError(error))
        }
    }

    private func read(_ request: Request, _ body: RequestBody) async throws {
        var form = try MultipartForm(contentType: request.headers["Content-Type"])
        // Room for the other fields and the form's own lines; the file itself is counted exactly.
        if let length = body.declaredLength, length > limit + (1 << 20) { throw tooLarge }
        var formLength: Int64 = 0
        while let bytes = try await body.next() {
            formLength += Int64(bytes.count)
            guard formLength <= limit + (1 << 20) else { throw tooLarge }
            var events: [FormEvent] = []
            try form.feed(bytes, into: &events)
            for event in events { try await take(event) }
        }
        try form.finish()
    }

    private func take(_ event: FormEvent) async throws {
        switch event {
        case .field(let name, let value): try set(name, value)
        case .fileBegan(let name, let fileName, _):
            guard name == "file" else { throw APIError(400, "bad_form", "The file's part must be named file.") }
            guard !hasFile else { throw APIError(400, "bad_form", "Send one file at a time.") }
            hasFile = true
            self.fileName = fileName
            upload = try await uploads.begin()
        case .fileBytes(let bytes):
            received += Int64(bytes.count)
            guard received <= limit else { throw tooLarge }
            try await upload?.append(bytes)
        case .fileEnded: break
        }
    }

    /// Takes a tag that the uploader gives; an empty one counts as not given, unknown names are passed over.
    private func set(_ name: String, _ value: String) throws(APIError) {
        if name == "file" { throw Self.missingFile }
        if value.isEmpty { return }
        switch name {
        case "title": tags.title = value
        case "artist": tags.artist = value
        case "album": tags.album = value
        case "genre": tags.genre = value
        case "year": tags.year = try Self.number(name, value, 1...9999)
        case "track": tags.track = try Self.number(name, value, 1...9999)
        default: break
        }
    }

    private static func number(_ name: String, _ value: String, _ range: ClosedRange<Int>) throws(APIError) -> Int {
        guard value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(value), range.contains(number)
        else { throw QueryReader.bad(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    private var tooLarge: APIError {
        APIError(413, "too_large", "The file is larger than \(limit) bytes; nothing was stored.")
    }

    private static let missingFile = APIError(
        400, "missing_file", "The form has no file: send it as the part named file, as `curl -F file=@song.mp3` does.")

    private static func apiError(_ error: any Error) -> APIError {
        if let error = error as? APIError { return error }
        if let error = error as? BodyError { return error.answer }
        return APIError(500, "internal", "The upload failed on the server; nothing was stored.")
    }
}
