import Model
import Platform

/// A file to upload.
struct MusicFile: Hashable, Sendable {
    let path: String
    let length: Int64

    var name: String { String(path.split(separator: "/").last ?? "") }
}

/// Finds the music below the files and folders that a person names.
@Loop
struct MusicFolder {
    /// The endings of the formats that Rondo takes (the spec, §5).
    static let endings: Set<String> = [
        "mp3", "flac", "ogg", "oga", "opus", "m4a", "m4b", "mp4", "aac", "wav", "wave", "aif", "aiff", "aifc",
    ]
    /// Against folders that contain themselves by links.
    private static let deepest = 32

    let files: any LocalFiles

    /// Files in the order given, those of folders by name, hidden ones left out. A file that is named is taken whatever
    /// its ending: the cluster decides.
    func files(at paths: [String]) async throws(ClientError) -> [MusicFile] {
        var found: [MusicFile] = []
        for path in paths {
            let item = try await item(path)
            if item.isFolder {
                try await collect(path, depth: 0, into: &found)
            } else {
                found.append(MusicFile(path: path, length: item.length))
            }
        }
        return found
    }

    private func collect(_ folder: String, depth: Int, into found: inout [MusicFile]) async throws(ClientError) {
        guard depth < Self.deepest else { return }
        for name in try await names(folder) where !name.hasPrefix(".") {
            let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
            // A link that leads nowhere is no music.
            guard let item = try? await files.item(at: path) else { continue }
            if item.isFolder {
                try await collect(path, depth: depth + 1, into: &found)
            } else if Self.isMusic(name) {
                found.append(MusicFile(path: path, length: item.length))
            }
        }
    }

    static func isMusic(_ name: String) -> Bool {
        guard let dot = name.lastIndex(of: ".") else { return false }
        return endings.contains(name[name.index(after: dot)...].lowercased())
    }

    private func names(_ folder: String) async throws(ClientError) -> [String] {
        do throws(StoreError) {
            return try await files.names(in: folder)
        } catch {
            throw .file("the folder \(folder) cannot be read; check its rights")
        }
    }

    private func item(_ path: String) async throws(ClientError) -> LocalItem {
        do throws(StoreError) {
            return try await files.item(at: path)
        } catch .missing {
            throw .file("\(path) does not exist")
        } catch {
            throw .file("\(path) cannot be read; check its rights")
        }
    }
}
