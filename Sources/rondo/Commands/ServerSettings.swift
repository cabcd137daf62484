import Crypto
import FoundationEssentials
import Model
import Node
import Platform

/// Makes a `ServerConfiguration` of what the operator typed, or tells everything that is wrong with it.
struct ServerSettings {
    private var reader: SettingsReader
    private let invocation: Invocation

    private init(_ invocation: Invocation) {
        self.invocation = invocation
        reader = SettingsReader(invocation, faults: invocation.faults)
    }

    /// - Throws: All faults at once.
    static func read(_ invocation: Invocation) throws(Faults) -> ServerConfiguration {
        var settings = ServerSettings(invocation)
        let configuration = settings.configuration()
        guard settings.reader.faults.isEmpty else { throw Faults(settings.reader.faults) }
        return configuration
    }

    private mutating func configuration() -> ServerConfiguration {
        var result = ServerConfiguration(choice: choice(), home: reader.text("home") ?? "/var/lib/rondo", keys: keys())
        result.process.pid = Int(ProcessInfo.processInfo.processIdentifier)
        result.process.version = Commands.version
        result.address = address()
        (result.registries, result.registriesAreGiven) = registries()
        result.httpPort = reader.port("http", standard: ServerConfiguration.defaultHTTPPort)
        result.peerPort = reader.port("peer", standard: ServerConfiguration.defaultPeerPort)
        result.dnsPort = reader.port("dns", standard: ServerConfiguration.defaultDNSPort)
        result.discoveryPort = reader.port(
            "discovery", standard: ServerConfiguration.defaultDiscoveryPort, zeroMeaning: "turns discovery off")
        if result.httpPort == result.peerPort {
            reader.add(.usage("--http and --peer are both \(result.httpPort); give them different ports"))
        }
        result.replicas = reader.whole("replicas", in: 1...16, standard: 3)
        result.zone = reader.value("zone", "a DNS name, as in rondo or music.example", Self.zone) ?? "rondo"
        result.capacity = reader.size("capacity")
        result.repairRate = reader.rate("repair-rate") ?? result.repairRate
        result.scrubRate = reader.rate("scrub-rate") ?? result.scrubRate
        result.streams = reader.whole("streams", in: 1...100_000, standard: result.streams)
        result.publicHTTP = reader.value("public-http", "HOST:PORT, as in music.example:80", Self.publicHTTP)
        result.writeToken = writeToken()
        result.logFormat = reader.choice(
            "log", LogFormat.allCases.map { ($0.rawValue, $0) }, standard: .text)
        result.logLevel = reader.choice(
            "log-level", LogLevel.allCases.map { ($0.name, $0) }, standard: .info)
        result.pin = reader.flag("pin")
        checkHome(result.home)
        return result
    }

    /// The positional argument, or the setting of that name, with how messages name it.
    private func argument(_ index: Int, _ name: String) -> (text: String, origin: String)? {
        if invocation.positionals.indices.contains(index) {
            return (invocation.positionals[index], name.uppercased())
        }
        return invocation.settings[name].map { ($0.text, $0.origin) }
    }

    private mutating func choice() -> RoleChoice {
        let expected = "0 or auto, 1 or data, 2 or registry, 3 or router"
        guard let (text, origin) = argument(0, "type") else {
            reader.add(
                .usage(
                    "the TYPE of the server is missing: rondo server \(ServerCommand.syntax.usage), "
                        + "TYPE being \(expected)"
                ))
            return .auto
        }
        if let choice = RoleChoice(type: text) { return choice }
        let hint = Suggestion.hint(text.lowercased(), among: RoleChoice.allCases.map(\.rawValue))
        reader.add(.usage("\(origin): “\(text)” is not a type of server: it is \(expected)\(hint)"))
        return .auto
    }

    private mutating func address() -> HostAddress? {
        guard let (text, origin) = argument(1, "address") else { return nil }
        if let address = HostAddress(text), address != .any { return address }
        reader.add(.usage("\(origin): “\(text)” is not an IPv4 address that others can reach, as in 172.20.0.3"))
        return nil
    }

    private mutating func registries() -> ([Endpoint], areGiven: Bool) {
        guard let (text, origin) = argument(2, "registry") else {
            return ([ServerConfiguration.defaultRegistry], false)
        }
        if text == ServerConfiguration.noRegistry { return ([], false) }
        return (reader.endpoints(text, origin: origin, standardPort: ServerConfiguration.defaultDNSPort), true)
    }

    static let missingKey = Fault.usage(
        "a server needs its cluster's key: make one with `(umask 077; rondo key new > rondo.key)` "
            + "and give it with --key-file rondo.key")

    private mutating func keys() -> [ClusterKey] {
        if KeySource.of(invocation) == nil { reader.add(Self.missingKey) }
        return reader.keys()?.keys ?? []
    }

    private mutating func writeToken() -> String? {
        guard let setting = invocation.settings["write-token"] else { return nil }
        do throws(Fault) {
            let text = try SmallFile.text(setting.text, what: "the token file", option: setting.origin)
            let token = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw .failed("\(setting.text) holds no token: it must be one line of visible ASCII without spaces")
            }
            return token
        } catch {
            reader.add(error)
            return nil
        }
    }

    /// Makes the home where it is missing: better now than after the sockets are open.
    private mutating func checkHome(_ path: String) {
        let manager = FileManager.default
        var isFolder = false
        if manager.fileExists(atPath: path, isDirectory: &isFolder) {
            if !isFolder {
                reader.add(.failed("the home \(path) is not a folder; give one with --home"))
            } else if !manager.isWritableFile(atPath: path) || !manager.isReadableFile(atPath: path) {
                let hint = "change its owner, mount its disk for writing, or give --home"
                reader.add(.failed("the home \(path) cannot be read and written by this user; \(hint)"))
            }
            return
        }
        guard reader.faults.isEmpty else { return }
        do {
            try manager.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            reader.add(.failed("the home \(path) cannot be made; make it for this user or give another with --home"))
        }
    }

    private static func zone(_ text: String) -> String? {
        let name = text.lowercased().hasSuffix(".") ? String(text.lowercased().dropLast()) : text.lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isName =
            name.utf8.count <= 200
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { $0 == 0x2D || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
            }
        return isName ? name : nil
    }

    private static func publicHTTP(_ text: String) -> String? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let port = UInt16(parts[1]), port > 0, !parts[0].isEmpty, parts[0].utf8.count <= 253,
            parts[0].utf8.allSatisfy({ byte in
                byte == 0x2D || byte == 0x2E || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
            })
        else { return nil }
        return text
    }
}
