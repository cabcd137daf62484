import Crypto
import FoundationEssentials
import Linux

/// Where the keys of a process come from: a file or the environment, never the command line, which every user of the
/// machine can read.
struct KeySource: Hashable, Sendable {
    enum Place: Hashable, Sendable {
        case file(String)
        /// The text itself, as the process was started with it.
        case environment(String)
    }

    /// While a key is changed there are two; a few more do no harm, a file of thousands is no key file.
    static let maximumKeys = 8

    let place: Place
    /// As messages name it.
    let origin: String

    /// Where container engines show a container the secrets that it is given.
    static let secretPath = "/run/secrets/rondo_key"

    /// Nil where none is given. The file beats the key itself, and both what a container was given.
    static func of(_ invocation: Invocation) -> KeySource? {
        if let setting = invocation.settings["key-file"] {
            return KeySource(place: .file(setting.text), origin: setting.origin)
        }
        if let setting = invocation.settings["key"] {
            return KeySource(place: .environment(setting.text), origin: setting.origin)
        }
        guard FileManager.default.fileExists(atPath: secretPath) else { return nil }
        return KeySource(place: .file(secretPath), origin: secretPath)
    }

    /// Reads the keys, the one to prove first; also again while a server runs.
    /// - Throws: A sentence without any part of a key in it.
    func keys() throws(Fault) -> [ClusterKey] {
        switch place {
        case .environment(let text): return try Self.keys(in: text, origin: origin)
        case .file(let path):
            let text = try SmallFile.text(path, what: "the key file", option: origin)
            if Self.mode(path) & 0o022 != 0 {
                throw .failed("other users can change the key file \(path), and so the cluster; chmod go-w \(path)")
            }
            return try Self.keys(in: text, origin: path)
        }
    }

    /// What an operator should know, though it stops nothing. Not of a container's secret: engines show it to everybody
    /// inside, and there is nobody else inside.
    var warning: String? {
        guard case .file(let path) = place, path != Self.secretPath, Self.mode(path) & 0o004 != 0 else { return nil }
        return "every user of this machine can read the key file \(path), and so join the cluster; chmod 600 \(path)"
    }

    private static func mode(_ path: String) -> UInt32 { FileRights.mode(of: path) ?? 0 }

    private static func keys(in text: String, origin: String) throws(Fault) -> [ClusterKey] {
        var keys: [ClusterKey] = []
        let lines = text.split(whereSeparator: \.isNewline)
        do throws(ClusterKeyError) {
            if lines.isEmpty { throw .empty }
            for line in lines {
                let key = try ClusterKey(text: String(line))
                if !keys.contains(key) { keys.append(key) }
            }
        } catch {
            throw .failed("\(origin): \(error)")
        }
        guard keys.count <= maximumKeys else {
            throw .failed("\(origin) has \(keys.count) keys; \(maximumKeys) at most, the one to prove first")
        }
        return keys
    }
}

extension SettingsReader {
    /// The keys that are given, with their source; nil, without a fault, where none is.
    mutating func keys() -> (keys: [ClusterKey], source: KeySource)? {
        guard let source = KeySource.of(invocation) else { return nil }
        do throws(Fault) {
            let keys = try source.keys()
            if let warning = source.warning { Terminal.write("warning: \(warning)\n", to: .error) }
            return (keys, source)
        } catch {
            add(error)
            return nil
        }
    }
}
