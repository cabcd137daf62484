/// Who may use whom: the layers of ARCHITECTURE.md. A target uses what stands beneath it, and nothing else.
enum TargetGraph {
    static let values: Set<String> = ["Model", "Wire", "Crypto"]
    static let machines: Set<String> = [
        "Ring", "Registry", "Discovery", "Placement", "Catalogue", "Replication", "HTTP", "Segments",
    ]

    /// What each target may use of ours and of the system's C libraries.
    static let allowed: [String: Set<String>] = [
        "CLinux": [], "CProcessor": [], "COpenSSL": [], "CSQLite": [], "CAV": [], "CEBUR128": [],
        // Values.
        "Model": [], "Wire": ["Model"], "Crypto": ["Model", "COpenSSL", "CProcessor"],
        // Machines.
        "Ring": values, "Registry": values, "Discovery": values, "Placement": values, "Catalogue": values,
        "HTTP": values, "Segments": values,
        "Replication": values.union(["Placement"]),
        // Seams.
        "Platform": values,
        // Worlds. libav is in `Media` alone, and `Media` in `rondo-media` alone.
        "Linux": values.union(["Platform", "CLinux", "COpenSSL"]),
        "SQLiteStore": values.union(["Platform", "Catalogue", "CSQLite"]),
        "Media": values.union(["CAV", "CEBUR128"]),
        "Simulation": values.union(machines).union(["Platform"]),
        "Testbed": values.union(["Platform", "Linux"]),
        // Servers.
        "Peers": values.union(["Platform", "Ring"]),
        "WebServer": values.union(["Platform", "HTTP"]),
        "Resolver": values.union(["Platform", "Registry", "Discovery"]),
        "RegistryServer": values.union(["Platform", "Registry", "WebServer"]),
        "DataServer": values.union(machines).union(["Platform", "Peers", "WebServer"]),
        "RouterServer": values.union(machines).union(["Platform", "Peers", "WebServer", "DataServer"]),
        "Node": values.union(machines).union([
            "Platform", "Peers", "WebServer", "DataServer", "RouterServer", "RegistryServer", "Resolver",
        ]),
        "Client": values.union(["Platform", "Registry", "Discovery", "HTTP", "Resolver"]),
        // What hurts real clusters: the one user of worlds above the seams that is no program.
        "Chaos": values.union(["Platform", "Registry", "HTTP", "Resolver", "Client", "Linux", "Testbed"]),
        // Programs.
        "rondo": values.union(machines).union([
            "Platform", "Linux", "SQLiteStore", "Simulation", "Node", "RegistryServer", "WebServer", "Client",
            "Resolver", "Testbed", "Chaos",
        ]),
        "rondo-media": values.union(["Media"]),
    ]

    /// What measures, under `Benchmarks`: each target's folder there, and what it may use.
    static let benchmarks: [String: (folder: String, uses: Set<String>)] = [
        "bench-ring": ("Ring", values.union(["Ring", "Registry", "Platform", "Linux", "Simulation", "Testbed"])),
        "bench-search": ("Search", values.union(["Catalogue", "HTTP", "Platform", "Linux", "SQLiteStore"])),
        "bench-stream": ("Stream", values.union(["HTTP", "Platform", "Linux"])),
    ]

    /// What the tests share: no target of Sources may use it.
    static let testTools = "TestTools"
    static let allowedToTestTools = values.union(["HTTP", "Platform", "Linux"])

    /// Parts of the toolchain and the system that a target may use besides; the JSON of FoundationEssentials is open to
    /// all.
    static let system: [String: Set<String>] = [
        "Platform": ["Synchronization"], "Linux": ["Glibc", "Synchronization"],
        "SQLiteStore": ["Glibc", "Synchronization"], "Media": ["Glibc"], "rondo": ["Glibc", "Synchronization"],
        "rondo-media": ["Glibc"],
    ]

    /// The dependencies that Package.swift declares, read from its text: names, and names of lists, joined with `+`.
    static func declared(in manifest: String) -> [String: Set<String>] {
        var lists: [String: Set<String>] = [:]
        func names(_ expression: some StringProtocol) -> Set<String> {
            var names = Set(String(expression).matches(of: #/"([\w-]+)"/#).map { String($0.1) })
            let words = Set(String(expression).matches(of: #/\w+/#).map { String($0.0) })
            for (list, content) in lists where words.contains(list) { names.formUnion(content) }
            return names
        }
        for list in manifest.matches(of: #/let (\w+): \[Target\.Dependency\] = (\[[^\]]*\])/#) {
            lists[String(list.1)] = names(list.2)
        }
        var found: [String: Set<String>] = [:]
        for layer in manifest.matches(of: #/layer\(\s*"(\w+)",\s*([^()]*?)(?:\)|,\s*resources:)/#) {
            found[String(layer.1)] = names(layer.2)
        }
        for program in manifest.matches(
            of: #/executableTarget\(\s*name: "([\w-]+)",\s*dependencies: ([^()]*?), swiftSettings/#)
        {
            found[String(program.1)] = names(program.2)
        }
        for tools in manifest.matches(
            of: #/\.target\(\s*name: "(\w+)",\s*dependencies: ([^()]*?), path: "Tests/#)
        {
            found[String(tools.1)] = names(tools.2)
        }
        for library in manifest.matches(of: #/systemLibrary\(name: "(\w+)"/#) { found[String(library.1)] = [] }
        return found
    }
}
