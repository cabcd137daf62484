package import HTTP
package import Model
package import Platform

/// What became of an upload.
package enum UploadOutcome: Sendable {
    /// 201: stored on `replicas` servers, chunks and entry, on disk.
    case created(SongEntry, replicas: Int)
    /// 200: the same bytes were there under the same id.
    case existing(SongEntry, replicas: Int)
    /// 409: this song has the same title, artist and album, and other bytes.
    case collision(with: SongEntry)
    /// Nothing is stored.
    case refused(APIError)
}

/// One upload under way. The API calls `append` any number of times, then exactly one of `finish` and `abort`.
@Loop
package protocol SongUpload: AnyObject, Sendable {
    /// Takes the next bytes of the file, at most 64 KiB; waiting in it is the back-pressure.
    /// - Throws: `APIError`, such as 507 `disk_full`; the API then calls `abort`.
    func append(_ bytes: ArraySlice<UInt8>) async throws

    /// Parses, cuts, replicates and enters the song into the catalogue.
    /// - Parameter tags: what the uploader gave, which overrides the file's own.
    func finish(fileName: String, overriding tags: SongTags) async -> UploadOutcome

    /// Forgets what was appended; a connection that was cut ends here.
    func abort() async
}

/// Where uploads go.
@Loop
package protocol SongUploads: AnyObject, Sendable {
    /// - Throws: `APIError`, such as 503 `too_few_servers` or `too_many_uploads`.
    func begin() async throws -> any SongUpload
}
