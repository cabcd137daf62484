import Testing

@Suite struct TargetGraphTests {
    private func declared() throws -> [String: Set<String>] {
        TargetGraph.declared(in: try SourceTree.text("Package.swift"))
    }

    @Test func `Every folder of Sources is a target with a place in the layers`() throws {
        let folders = try SourceTree.folders(under: "Sources")
        #expect(Set(folders) == Set(TargetGraph.allowed.keys))
        let others = Set(TargetGraph.benchmarks.keys).union([TargetGraph.testTools])
        #expect(try Set(declared().keys) == Set(folders).union(others))
        #expect(Set(SourceTree.benchmarks.map(\.target)) == Set(TargetGraph.benchmarks.values.map(\.folder)))
    }

    @Test func `Package.swift declares nothing that the layers do not allow`() throws {
        for (target, uses) in try declared() {
            let allowed =
                target == TargetGraph.testTools
                ? TargetGraph.allowedToTestTools
                : TargetGraph.allowed[target] ?? TargetGraph.benchmarks[target]?.uses ?? []
            #expect(uses.subtracting(allowed).isEmpty, "\(target) must not use \(uses.subtracting(allowed).sorted())")
        }
    }

    @Test func `No file imports what its target may not use`() throws {
        let declared = try declared()
        let ours = Set(TargetGraph.allowed.keys)
        for file in SourceTree.sources {
            let target = file.target
            let open = (TargetGraph.system[target] ?? []).union(["FoundationEssentials"])
            let foreign = file.imports.subtracting(ours).subtracting(open)
            #expect(foreign.isEmpty, "\(file.path) imports \(foreign.sorted())")
            let undeclared = file.imports.intersection(ours).subtracting(declared[target] ?? [])
            #expect(
                undeclared.isEmpty, "\(file.path) imports \(undeclared.sorted()), which Package.swift does not list")
        }
    }

    @Test func `Package.swift is read rightly`() {
        let manifest = """
            let values: [Target.Dependency] = ["Model", "Wire"]
            layer("Model", []), layer("Ring", values), layer("Copy", values + ["Place"]),
            layer("Web", values + ["HTTP"], resources: [.embedInCode("Web")]),
            .target(name: "Tools", dependencies: values + ["HTTP"], path: "Tests/Tools", swiftSettings: settings),
            .executableTarget(name: "two-words", dependencies: values + ["Media"], swiftSettings: settings),
            """
        #expect(
            TargetGraph.declared(in: manifest) == [
                "Model": [], "Ring": ["Model", "Wire"], "Copy": ["Model", "Wire", "Place"],
                "Web": ["Model", "Wire", "HTTP"], "two-words": ["Model", "Wire", "Media"],
                "Tools": ["Model", "Wire", "HTTP"],
            ])
    }
}
