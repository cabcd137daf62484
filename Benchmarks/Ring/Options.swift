import Foundation

/// What the operator asks for.
struct Options {
    /// The groups of rows, in the order in which they are measured.
    enum Part: String, CaseIterable {
        case start, traffic, kill, silence, roles, partition, simulated, registry

        /// Those that need hosts with servers on them.
        static let ofHosts = Set(allCases).subtracting([.simulated, .registry])
    }

    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    var runs = 20
    var servers = [5, 10, 30]
    var parts = Set(Part.allCases)
    /// How many of the runs are measured with Serf too, which takes long; all where it is not said.
    var serfRuns: Int?
    /// How long a partition is held.
    var partition = Duration.seconds(30)
    var program = ".build/release/rondo"
    var results = "Benchmarks/results"
    /// Where the servers' homes and logs are kept; a temporary folder where it is not said.
    var logs: String?

    static let usage = """
        Measures the ring and the registry beside Serf and Knot DNS, and prints a table.
          --runs N          of each figure (20)
          --serf-runs N     with Serf beside it (all)
          --servers N,N     how many servers (5,10,30)
          --only PART,PART  \(Part.allCases.map(\.rawValue).joined(separator: ", "))
          --partition S     how long a partition is held, in seconds (30)
          --program FILE    the rondo to measure (.build/release/rondo)
          --results DIR     where the table is kept (Benchmarks/results)
          --logs DIR        keep the servers' homes and logs there, to see what took its time

        """

    static func read(_ arguments: [String]) throws(Fault) -> Options {
        var options = Options()
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw Fault(description: "\(name) needs a value") }
            try options.set(name, value)
        }
        return options
    }

    private mutating func set(_ name: String, _ value: String) throws(Fault) {
        switch name {
        case "--runs": runs = try Self.number(name, value)
        case "--serf-runs": serfRuns = try Self.number(name, value, from: 0)
        case "--servers":
            var numbers: [Int] = []
            for part in value.split(separator: ",") { numbers.append(try Self.number(name, String(part), from: 3)) }
            servers = numbers
        case "--only":
            parts = []
            for word in value.split(separator: ",") {
                guard let part = Part(rawValue: String(word)) else {
                    throw Fault(description: "\(word) is no part of the table")
                }
                parts.insert(part)
            }
        case "--partition": partition = .seconds(try Self.number(name, value))
        case "--program": program = value
        case "--results": results = value
        case "--logs": logs = value
        default: throw Fault(description: "\(name) is unknown")
        }
    }

    private static func number(_ name: String, _ value: String, from least: Int = 1) throws(Fault) -> Int {
        guard let number = Int(value), (least...100).contains(number) else {
            throw Fault(description: "\(name) takes a number from \(least) to 100, not \(value)")
        }
        return number
    }
}
