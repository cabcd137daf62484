internal import Catalogue
internal import HTTP
internal import Model
internal import WebServer

/// Reads the body of `PATCH /api/v1/songs/{id}`: a JSON merge patch (RFC 7396) of the fields that may be edited.
///
/// A null takes a field away; an artist or album that is taken away becomes the unknown one, a song without a title is
/// refused.
enum PatchReader {
    /// Bytes of a patch at most: four texts as long as a field may be, written with escapes.
    private static let maximumLength = 64 << 10

    /// - Throws: 400 `bad_patch` or `bad_field`, 413, 415.
    static func tags(_ request: Request, _ body: RequestBody) async throws -> SongTags {
        try await JSONBody.read(
            Patch.self, request, body, atMost: maximumLength,
            orElse: APIError(
                400, "bad_patch", #"The body must be a JSON object of fields to change, such as {"title": "New"}."#)
        ).tags
    }

    private struct Patch: Decodable {
        var tags = SongTags()

        private enum Key: String, CodingKey, CaseIterable { case title, artist, album, genre, year, track }

        private struct AnyKey: CodingKey {
            let stringValue: String
            let intValue: Int? = nil
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let names = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
            let known = Key.allCases.map(\.rawValue)
            if let other = names.sorted().first(where: { !known.contains($0) }) {
                throw PatchReader.bad(other, "cannot be edited; \(known.joined(separator: ", ")) can")
            }
            guard !names.isEmpty else {
                throw APIError(400, "bad_patch", "The body names no field to change.")
            }
            let fields = try decoder.container(keyedBy: Key.self)
            tags.title = try Self.text(fields, .title, orElse: nil)
            tags.artist = try Self.text(fields, .artist, orElse: SongNames.unknownArtist)
            tags.album = try Self.text(fields, .album, orElse: SongNames.unknownAlbum)
            tags.genre = try Self.text(fields, .genre, orElse: "")
            tags.year = try Self.number(fields, .year)
            tags.track = try Self.number(fields, .track)
        }

        /// The field's new text, nil when it is not named; `empty` where it is null or blank.
        private static func text(
            _ fields: KeyedDecodingContainer<Key>, _ key: Key, orElse empty: String?
        ) throws -> String? {
            guard fields.contains(key) else { return nil }
            let value: String?
            do {
                value = try fields.decodeIfPresent(String.self, forKey: key)
            } catch {
                throw PatchReader.bad(key.rawValue, "must be a text or null")
            }
            if let clean = CatalogueText.clean(value) { return clean }
            guard let empty else { throw PatchReader.bad(key.rawValue, "must not be empty") }
            return empty
        }

        /// The field's new number, nil when it is not named; 0 where it is null.
        private static func number(_ fields: KeyedDecodingContainer<Key>, _ key: Key) throws -> Int? {
            guard fields.contains(key) else { return nil }
            let value: Int?
            do {
                value = try fields.decodeIfPresent(Int.self, forKey: key)
            } catch {
                throw PatchReader.bad(key.rawValue, "must be a whole number from 1 to 9999, or null")
            }
            guard let value else { return 0 }
            guard let valid = SongNames.valid(value) else {
                throw PatchReader.bad(key.rawValue, "must be a whole number from 1 to 9999, or null")
            }
            return valid
        }
    }

    private static func bad(_ field: String, _ what: String) -> APIError {
        APIError(400, "bad_field", "The field \(field.prefix(50)) \(what).")
    }
}
