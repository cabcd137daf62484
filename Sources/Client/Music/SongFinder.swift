import HTTP
import Model
import Platform

/// Finds songs by id or by words.
@Loop
struct SongFinder {
    private static let pageLength = 500
    private static let candidatesShown = 10

    let session: RouterSession

    /// Calls `show` with each page of the songs that match `words`, all of them for nil.
    /// - Returns: How many there are.
    func forEachPage(matching words: String?, _ show: ([Song]) -> Void) async throws(ClientError) -> Int {
        var cursor: String?
        while true {
            let page = try await page(words, limit: Self.pageLength, cursor: cursor)
            show(page.songs)
            guard let next = page.next, !page.songs.isEmpty else { return page.total }
            cursor = next
        }
    }

    func count() async throws(ClientError) -> Int { try await page(nil, limit: 1, cursor: nil).total }

    /// The song that `text` means: an id, or words that match exactly one; among several, the only one of exactly that
    /// title.
    /// - Throws: `song` with the candidates.
    func song(_ text: String) async throws(ClientError) -> Song {
        if let id = SongID(text) { return try await session.get(Song.self, "/api/v1/songs/\(id)") }
        let page = try await page(text, limit: Self.pageLength, cursor: nil)
        if let only = page.songs.first, page.total == 1 { return only }
        let titled = page.songs.filter { $0.title.lowercased() == text.lowercased() }
        if let only = titled.first, titled.count == 1 { return only }
        guard !page.songs.isEmpty else { throw .song("no song matches “\(text)”; `rondo client list` shows them all") }
        throw .song(Self.candidates(page, text))
    }

    /// Whether the cluster has a song of these very bytes.
    func song(withHash hash: ContentHash) async throws(ClientError) -> Song? {
        try await session.get(SongListPage.self, "/api/v1/songs?limit=1&sha256=\(hash)").songs.first
    }

    private func page(_ words: String?, limit: Int, cursor: String?) async throws(ClientError) -> SongListPage {
        var target = "/api/v1/songs?limit=\(limit)"
        if let words { target += "&q=\(PercentCoding.encode(words))" }
        if let cursor { target += "&cursor=\(PercentCoding.encode(cursor))" }
        return try await session.get(SongListPage.self, target)
    }

    private static func candidates(_ page: SongListPage, _ text: String) -> String {
        let shown = page.songs.prefix(candidatesShown).map { "\n  \($0.id)  \($0.name)" }.joined()
        let more = page.total > candidatesShown ? "\n  … and \(page.total - candidatesShown) more" : ""
        return "\(page.total) songs match “\(text)”; give the id of one of them:\(shown)\(more)"
    }
}
