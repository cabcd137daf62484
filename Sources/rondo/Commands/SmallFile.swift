import FoundationEssentials

/// Files of settings, keys and tokens: small texts that a person points at.
enum SmallFile {
    /// - Throws: A fault that says what to do when the file is missing, not to be read, too large or no text.
    static func text(_ path: String, what: String, option: String) throws(Fault) -> String {
        let manager = FileManager.default
        var isFolder = false
        guard manager.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .failed("\(what) \(path) does not exist; check \(option)")
        }
        guard !isFolder else { throw .failed("\(what) \(path) is a folder; \(option) wants a file") }
        guard manager.isReadableFile(atPath: path), let data = manager.contents(atPath: path) else {
            throw .failed("\(what) \(path) cannot be read; give this user the right to (chmod, chown)")
        }
        guard data.count <= 65_536, let text = String(validating: data, as: UTF8.self) else {
            throw .failed("\(what) \(path) is not a small text file; check \(option)")
        }
        return text
    }
}
