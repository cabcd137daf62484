import Foundation

/// What the operator asks for.
struct Options {
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// A part of the measurement that can be asked for alone.
    enum Part: String, CaseIterable {
        case file, relay, json, listeners, firstByte = "first-byte", failover, repair, upload
    }

    var parts = Set(Part.allCases)
    var rounds = 5
    /// Of load, for each row and side of a round.
    var seconds = 3
    var listeners = 2_000
    /// How long they listen.
    var listeningSeconds = 60
    /// On each of the five servers of which one is lost.
    var repairMegabytes = 2_000
    var music = ".build/music"
    var program = ".build/release/rondo"
    var results = "Benchmarks/results"
    /// Kept afterwards where it is given.
    var folder: String?

    static let usage = """
        Measures the way of a song to its listeners beside nginx, cp and sha256sum, and prints a table.
          --only PART,…       \(Part.allCases.map(\.rawValue).joined(separator: ", "))
          --rounds N          of each figure (5)
          --seconds N         of load a side and round (3)
          --listeners N       at the same time (2000)
          --listen N          for so many seconds (60)
          --repair-mb N       on the server that is lost (2000)
          --music DIR         real songs with tags (.build/music, which scripts/music fills)
          --program FILE      the rondo to measure (.build/release/rondo)
          --results DIR       where the table is kept (Benchmarks/results)
          --folder DIR        where servers, songs and logs are kept during the run, and afterwards

        """

    static func read(_ arguments: [String]) throws(Fault) -> Options {
        var options = Options()
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw Fault(description: "\(name) needs a value") }
            switch name {
            case "--only": options.parts = try parts(value)
            case "--rounds": options.rounds = try number(name, value, 1...1_000)
            case "--seconds": options.seconds = try number(name, value, 1...60)
            case "--listeners": options.listeners = try number(name, value, 1...20_000)
            case "--listen": options.listeningSeconds = try number(name, value, 5...3_600)
            case "--repair-mb": options.repairMegabytes = try number(name, value, 50...20_000)
            case "--music": options.music = value
            case "--program": options.program = value
            case "--results": options.results = value
            case "--folder": options.folder = value
            default: throw Fault(description: "\(name) is unknown")
            }
        }
        return options
    }

    private static func parts(_ list: String) throws(Fault) -> Set<Part> {
        var parts: Set<Part> = []
        for name in list.split(separator: ",") {
            guard let part = Part(rawValue: String(name)) else { throw Fault(description: "there is no part \(name)") }
            parts.insert(part)
        }
        return parts
    }

    private static func number(_ name: String, _ value: String, _ range: ClosedRange<Int>) throws(Fault) -> Int {
        guard let number = Int(value), range.contains(number) else {
            throw Fault(
                description: "\(name) takes a number from \(range.lowerBound) to \(range.upperBound), not \(value)")
        }
        return number
    }
}

/// Why something could not be measured.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
