import FoundationEssentials

/// The real songs that `scripts/music` fetches.
package enum Music {
    package struct Missing: Error, CustomStringConvertible {
        package let description: String
        package init(description: String) { self.description = description }
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// `RONDO_TEST_MUSIC`, or where `scripts/music` puts the songs.
    package static let folder = ProcessInfo.processInfo.environment["RONDO_TEST_MUSIC"] ?? root + "/.build/music"

    /// The path of a song, or of a folder of songs.
    /// - Throws: `Missing`, which says how to get it.
    package static func song(_ name: String) throws -> String {
        let path = folder + "/" + name
        guard FileManager.default.fileExists(atPath: path) else {
            throw Missing(description: "\(path) is missing. Run scripts/music, which fetches it.")
        }
        return path
    }
}

/// The folder of the running test program, where the other programs of the build lie.
package var buildFolder: String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(filePath: own).deletingLastPathComponent().path
}
