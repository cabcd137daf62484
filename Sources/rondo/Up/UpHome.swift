import Crypto
import FoundationEssentials
import Linux
import Platform

/// The folder of a cluster on this machine: its key, each server's home, and the logs.
struct UpHome: Sendable {
    let path: String
    /// Held for as long as this cluster runs.
    private let lock: Home

    var keyFile: String { "\(path)/rondo.key" }
    var logs: String { "\(path)/logs" }
    func serverHome(_ name: String) -> String { "\(path)/\(name)" }
    func log(_ name: String) -> String { "\(logs)/\(name).log" }

    /// Makes what is missing. A key is made once and kept.
    static func open(_ path: String) throws(Faults) -> UpHome {
        let home: UpHome
        do throws(StoreError) {
            home = UpHome(path: path, lock: try Home(path))
        } catch {
            throw Faults(.failed(sentence(error, path)))
        }
        do {
            try FileManager.default.createDirectory(atPath: home.logs, withIntermediateDirectories: true)
            if !FileManager.default.fileExists(atPath: home.keyFile) { try makeKey(home.keyFile) }
        } catch {
            throw Faults(.failed("\(path) cannot be written to; change its owner or give another --home"))
        }
        return home
    }

    /// Written under another name first: a key that was half written would be another cluster's.
    private static func makeKey(_ path: String) throws {
        let temporary = path + ".new"
        let manager = FileManager.default
        if manager.fileExists(atPath: temporary) { try manager.removeItem(atPath: temporary) }
        guard manager.createFile(atPath: temporary, contents: nil, attributes: [.posixPermissions: 0o600]) else {
            throw Faults(.failed("\(temporary) cannot be made"))
        }
        try Data((ClusterKey().text + "\n").utf8).write(to: URL(filePath: temporary))
        try manager.setAttributes([.posixPermissions: 0o600], ofItemAtPath: temporary)
        try manager.moveItem(atPath: temporary, toPath: path)
    }

    /// The numbers of the servers that have run here before.
    var knownServers: [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasPrefix("server-") }.compactMap { Int($0.dropFirst(7)) }.sorted()
    }

    /// The last lines of a server's log, indented, for the person who wants to know why it did not start.
    func lastLines(of name: String, count: Int = 8) -> String {
        let text = FileManager.default.contents(atPath: log(name)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").suffix(count).map { "\n  \($0)" }.joined()
    }

    private static func sentence(_ error: StoreError, _ path: String) -> String {
        switch error {
        case .failed(_, let message): message
        case .full: "the disk of \(path) is full; make room or give another --home"
        case .missing, .corrupt: "\(path) cannot be used; give another --home"
        }
    }
}
