internal import CSQLite
internal import Platform

/// The database's tables, as a list of migrations: number n makes version n out of n - 1, and is never edited
/// afterwards.
enum Schema {
    static let version = Int64(migrations.count)

    /// Brings the database to the newest version.
    /// - Throws: `failed` for a database of a later version of Rondo, which is left as it is.
    static func migrate(_ connection: Connection) throws(StoreError) {
        let found = try connection.row("PRAGMA user_version") { $0.integer(0) } ?? 0
        guard found <= version else {
            throw .failed(
                SQLITE_ERROR,
                "the catalogue has schema \(found), this version of rondo knows up to \(version); upgrade rondo")
        }
        for next in found..<version {
            try connection.transaction { connection throws(StoreError) in
                try connection.script(migrations[Int(next)])
                // A pragma takes no bound values; the number is ours.
                try connection.script("PRAGMA user_version = \(next + 1)")
            }
        }
    }

    static let migrations = [first, second, references, playlists]

    /// - `song`: one row a recording. `shared` and `sha256` name it for ever; `shown` is the id that people see,
    ///   `alias` the
    ///   one it has or had as a collision. `body` is the entry (`EntryCodec`); the other columns are made of it.
    ///   The `…_key` columns are folded: they are searched and sorted by. `recency` is the negative of when it was
    ///   added.
    /// - `words`: a search index over the keys, until version 2.
    /// - `origin` and `log`: how far each origin's changes have been applied, and the song that each one wrote.
    private static let first = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
        CREATE TABLE song (
          number INTEGER PRIMARY KEY, shared BLOB NOT NULL, sha256 BLOB NOT NULL, shown BLOB NOT NULL, alias BLOB,
          alive INTEGER NOT NULL, title_key TEXT NOT NULL, artist_key TEXT NOT NULL, album_key TEXT NOT NULL,
          genre_key TEXT NOT NULL, track INTEGER NOT NULL, recency INTEGER NOT NULL, artist_id BLOB NOT NULL,
          album_id BLOB NOT NULL, genre_id BLOB NOT NULL, artist TEXT NOT NULL, album TEXT NOT NULL,
          genre TEXT NOT NULL,
          body BLOB NOT NULL
        );
        CREATE UNIQUE INDEX song_recording ON song (shared, sha256);
        CREATE INDEX song_shown ON song (shown);
        CREATE INDEX song_alias ON song (alias) WHERE alias IS NOT NULL;
        CREATE INDEX song_sha256 ON song (sha256);
        CREATE INDEX song_title ON song (title_key, shown) WHERE alive;
        CREATE INDEX song_artist ON song (artist_key, album_key, track, title_key, shown) WHERE alive;
        CREATE INDEX song_album ON song (album_key, artist_key, track, title_key, shown) WHERE alive;
        CREATE INDEX song_recency ON song (recency, shown) WHERE alive;
        CREATE INDEX song_artists ON song (artist_id, artist) WHERE alive;
        CREATE INDEX song_albums ON song (album_id, album, artist) WHERE alive;
        CREATE INDEX song_genres ON song (genre_id, genre) WHERE alive;
        CREATE VIRTUAL TABLE words USING fts5 (
          title_key, artist_key, album_key, genre_key, content = 'song', content_rowid = 'number', prefix = '1 2 3',
          tokenize = 'unicode61 remove_diacritics 2'
        );
        CREATE TABLE origin (
          number INTEGER PRIMARY KEY, server BLOB NOT NULL, log BLOB NOT NULL, sequence INTEGER NOT NULL,
          UNIQUE (server, log)
        );
        CREATE TABLE log (
          origin INTEGER NOT NULL, sequence INTEGER NOT NULL, song INTEGER NOT NULL, PRIMARY KEY (origin, sequence)
        ) WITHOUT ROWID;
        """

    /// - `reference`: for which recordings the chunks of this server's disk were stored.
    private static let references = """
        CREATE TABLE reference (
          chunk BLOB NOT NULL, recording BLOB NOT NULL, PRIMARY KEY (chunk, recording)
        ) WITHOUT ROWID;
        """

    /// - `playlist_entry`: one row a register (`PlaylistCodec`); `item` is empty for the playlist's name. In `log` its
    ///   number stands with a minus, beside the songs' numbers.
    private static let playlists = """
        CREATE TABLE playlist_entry (
          number INTEGER PRIMARY KEY, playlist BLOB NOT NULL, item BLOB NOT NULL, song BLOB, alive INTEGER NOT NULL,
          changed INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (playlist, item)
        );
        """

    /// - `words` goes: the search is in memory (`SongIndex`). What that is read from has `alive` in its indexes, since
    ///   SQLite would look into every row for it.
    /// - `tally`: one row an artist (0), album (1) or genre (2) with the number of its songs that are alive. `key` is
    ///   its folded name, `name` the first of its spellings by their bytes.
    private static let second = """
        DROP TABLE words;
        DROP INDEX song_title;
        DROP INDEX song_artist;
        DROP INDEX song_album;
        DROP INDEX song_recency;
        DROP INDEX song_genres;
        CREATE INDEX song_title ON song (title_key, shown, alive) WHERE alive;
        CREATE INDEX song_artist ON song (artist_key, album_key, track, title_key, shown, alive) WHERE alive;
        CREATE INDEX song_album ON song (album_key, artist_key, track, title_key, shown, alive) WHERE alive;
        CREATE INDEX song_recency ON song (recency, shown, alive) WHERE alive;
        CREATE INDEX song_genres ON song (genre_id, genre, alive) WHERE alive;
        CREATE TABLE tally (
          kind INTEGER NOT NULL, id BLOB NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, artist TEXT,
          songs INTEGER NOT NULL, PRIMARY KEY (kind, id)
        ) WITHOUT ROWID;
        CREATE INDEX tally_key ON tally (kind, key, id);
        INSERT INTO tally SELECT 0, artist_id, artist_key, artist, NULL, songs FROM (
          SELECT artist_id, artist_key, artist, row_number() OVER (PARTITION BY artist_id ORDER BY artist) AS place,
            count(*) OVER (PARTITION BY artist_id) AS songs FROM song WHERE alive
        ) WHERE place = 1;
        INSERT INTO tally SELECT 1, album_id, album_key, album, artist, songs FROM (
          SELECT album_id, album_key, album, artist,
            row_number() OVER (PARTITION BY album_id ORDER BY album, artist) AS place,
            count(*) OVER (PARTITION BY album_id) AS songs FROM song WHERE alive
        ) WHERE place = 1;
        INSERT INTO tally SELECT 2, genre_id, genre_key, genre, NULL, songs FROM (
          SELECT genre_id, genre_key, genre, row_number() OVER (PARTITION BY genre_id ORDER BY genre) AS place,
            count(*) OVER (PARTITION BY genre_id) AS songs FROM song WHERE alive AND genre <> ''
        ) WHERE place = 1;
        """
}
