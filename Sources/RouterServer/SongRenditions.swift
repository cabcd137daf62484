package import Model
package import Platform

/// Makes songs once more in a form that players can have in segments, where the original has none.
@Loop
package protocol SongRenditions: AnyObject, Sendable {
    /// The entry of the song whose manifest names a rendition: made now, unless somebody has made it meanwhile.
    ///
    /// - Throws: `APIError`: 503 where it takes longer than a listener waits, or cannot be stored now.
    func rendered(_ entry: SongEntry) async throws -> SongEntry
}
