// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// One library target: its folder is `Sources/<name>`, and it imports `uses` and nothing else of ours.
func layer(_ name: String, _ uses: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: uses, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ uses: [Target.Dependency]) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: uses, swiftSettings: settings)
}

let values: [Target.Dependency] = ["Model", "Wire", "Crypto"]
let machines: [Target.Dependency] = [
    "Ring", "Registry", "Discovery", "Placement", "Catalogue", "Replication", "HTTP", "Segments",
]
let worlds: [Target.Dependency] = ["Linux", "SQLiteStore"]

let package = Package(
    name: "rondo",
    products: [
        .executable(name: "rondo", targets: ["rondo"]),
        .executable(name: "rondo-media", targets: ["rondo-media"]),
    ],
    targets: [
        // System libraries.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CProcessor"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CAV", pkgConfig: "libavformat", providers: [.apt(["libavformat-dev"])]),
        .systemLibrary(name: "CEBUR128", pkgConfig: "libebur128", providers: [.apt(["libebur128-dev"])]),
        // Values.
        layer("Model", []),
        layer("Wire", ["Model"]),
        layer("Crypto", ["Model", "COpenSSL", "CProcessor"]),
        // Machines.
        layer("Ring", values),
        layer("Registry", values),
        layer("Discovery", values),
        layer("Placement", values),
        layer("Catalogue", values),
        layer("Replication", values + ["Placement"]),
        layer("HTTP", values),
        layer("Segments", values),
        // Seams.
        layer("Platform", values),
        // Worlds.
        layer("Linux", values + ["Platform", "CLinux", "COpenSSL"]),
        layer("SQLiteStore", values + ["Platform", "Catalogue", "CSQLite"]),
        layer("Media", values + ["CAV", "CEBUR128"]),
        layer("Simulation", values + machines + ["Platform"]),
        layer("Testbed", values + ["Platform", "Linux"]),
        // Servers.
        layer("Peers", values + ["Platform", "Ring"]),
        layer("WebServer", values + ["Platform", "HTTP"]),
        layer("Resolver", values + ["Registry", "Discovery", "Platform"]),
        layer("RegistryServer", values + ["Registry", "Platform"]),
        layer("DataServer", values + machines + ["Platform", "Peers", "WebServer"]),
        layer(
            "RouterServer", values + machines + ["Platform", "Peers", "WebServer", "DataServer"],
            resources: [.embedInCode("Web")]),
        layer(
            "Node",
            values + machines + [
                "Platform", "Peers", "WebServer", "DataServer", "RouterServer", "RegistryServer", "Resolver",
            ]),
        layer("Client", values + ["Registry", "Discovery", "HTTP", "Platform", "Resolver"]),
        layer(
            "Chaos", values + ["Registry", "HTTP", "Platform", "Linux", "Testbed", "Resolver", "Client"]),
        // Programs.
        .executableTarget(
            name: "rondo",
            dependencies: values + machines + worlds + [
                "Platform", "Node", "RegistryServer", "Client", "Simulation", "Testbed", "Chaos",
            ], swiftSettings: settings),
        .executableTarget(name: "rondo-media", dependencies: values + ["Media"], swiftSettings: settings),
        // Measurements.
        .executableTarget(
            name: "bench-ring",
            dependencies: values + ["Ring", "Registry", "Platform", "Linux", "Simulation", "Testbed"],
            path: "Benchmarks/Ring", swiftSettings: settings),
        .executableTarget(
            name: "bench-search",
            dependencies: values + ["Catalogue", "HTTP", "Platform", "Linux", "SQLiteStore"],
            path: "Benchmarks/Search", swiftSettings: settings),
        .executableTarget(
            name: "bench-stream",
            dependencies: values + ["HTTP", "Platform", "Linux"],
            path: "Benchmarks/Stream", swiftSettings: settings),
        // Tests, and the tools that they share.
        .target(
            name: "TestTools", dependencies: values + ["HTTP", "Platform", "Linux"], path: "Tests/TestTools",
            swiftSettings: settings),
        tests("Model", ["Model"]),
        tests("Wire", values),
        tests("Crypto", values),
        tests("Ring", values + ["Ring"]),
        tests("Registry", values + ["Registry"]),
        tests("RegistryServer", values + ["Registry", "Platform", "Linux", "RegistryServer", "Resolver", "TestTools"]),
        tests("Discovery", values + ["Discovery"]),
        tests("Resolver", values + ["Discovery", "Platform", "Linux", "Resolver", "TestTools"]),
        tests("Placement", values + ["Placement"]),
        tests("Catalogue", values + ["Catalogue"]),
        tests("Replication", values + ["Placement", "Replication"]),
        tests("HTTP", values + ["HTTP"]),
        tests("Segments", values + ["Segments"]),
        tests("Linux", values + ["Platform", "Linux", "COpenSSL", "TestTools"]),
        tests("SQLiteStore", values + ["Platform", "Catalogue", "Linux", "SQLiteStore", "TestTools"]),
        tests("Media", values + ["Segments", "Media", "rondo-media", "TestTools"]),
        tests("Simulation", values + machines + ["Platform", "Simulation"]),
        tests("WebServer", values + ["HTTP", "Platform", "Linux", "WebServer", "TestTools"]),
        tests("RouterServer", values + machines + worlds + ["Platform", "WebServer", "RouterServer", "TestTools"]),
        tests("Peers", values + ["Ring", "Platform", "Linux", "Peers", "TestTools"]),
        tests(
            "Node",
            values + machines + worlds + [
                "Platform", "Peers", "WebServer", "DataServer", "RouterServer", "RegistryServer", "Node", "TestTools",
            ]),
        tests("Client", values + ["Registry", "HTTP", "Platform", "Linux", "Client", "TestTools"]),
        tests(
            "Host", values + ["Platform", "Linux", "Testbed", "Client", "Chaos", "rondo", "rondo-media", "TestTools"]),
        tests("Testbed", values + ["Platform", "Linux", "Testbed", "TestTools"]),
        tests("Bench", values + ["Registry", "Platform", "Linux", "Testbed", "bench-ring"]),
        tests("House", []),
        tests("rondo", values + ["Platform", "Node", "Simulation", "Chaos", "rondo"]),
        tests(
            "Cluster",
            values + machines + [
                "Platform", "Linux", "SQLiteStore", "WebServer", "Client", "rondo", "rondo-media", "TestTools",
            ]),
    ],
    swiftLanguageModes: [.v6]
)
