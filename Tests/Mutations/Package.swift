// swift-tools-version: 6.2
import PackageDescription

// What `make mutations` builds, in a copy: the machines whose rules are broken there, the simulator, and their tests.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
]

func layer(_ name: String, _ uses: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: uses, swiftSettings: settings)
}

func tests(_ name: String, _ uses: [Target.Dependency]) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: uses, swiftSettings: settings)
}

let package = Package(
    name: "mutations",
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl"),
        layer("Model", []),
        layer("Wire", ["Model"]),
        layer("Crypto", ["Model", "COpenSSL"]),
        layer("Ring", ["Model"]),
        layer("Registry", ["Model", "Crypto"]),
        layer("Simulation", ["Model", "Wire", "Crypto", "Ring", "Registry"]),
        tests("Ring", ["Model", "Ring"]),
        tests("Registry", ["Model", "Wire", "Crypto", "Registry"]),
        tests("Simulation", ["Model", "Wire", "Ring", "Registry", "Simulation"]),
    ],
    swiftLanguageModes: [.v6]
)
