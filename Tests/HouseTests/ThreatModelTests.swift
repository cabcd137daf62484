import Testing

/// `docs/threat-model.md` names a test for every attack; what it names is there.
@Suite struct ThreatModelTests {
    /// The names of all tests, as they are written: sentences between backticks.
    private static let names: Set<String> = {
        var names: Set<String> = []
        for file in SourceTree.tests {
            for match in file.lines.joined(separator: "\n").matches(of: #/func `([^`]+)`/#) {
                names.insert(String(match.1))
            }
        }
        return names
    }()

    /// The last cells of the rows of the page's tables, without their heads.
    private func proofs() throws -> [Substring] {
        let rows = try SourceTree.text("docs/threat-model.md").split(separator: "\n").filter { $0.hasPrefix("| ") }
        return rows.compactMap { $0.split(separator: "|", omittingEmptySubsequences: true).last }
            .filter { $0.trimmingPrefix(" ") != "shown by " }
    }

    @Test func `Every attack of the threat model names tests, and all of them exist`() throws {
        let proofs = try proofs()
        #expect(proofs.count > 30)
        for proof in proofs {
            let named = proof.matches(of: #/`([^`]+)`/#).map { String($0.1) }
            #expect(!named.isEmpty, "no test: \(proof)")
            for name in named where !Self.names.contains(name) { Issue.record("there is no test “\(name)”") }
        }
    }
}
