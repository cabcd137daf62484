import Foundation

/// What the operator asks for.
struct Options {
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    var songs = 1_000_000
    /// Of each kind.
    var queries = 300
    var seed: UInt64 = 1
    var onlyMerge = false
    var program = ".build/release/rondo"
    var results = "Benchmarks/results"
    /// Where the library is kept, which takes minutes to make; one of the same songs is used again.
    var folder = ".build/bench-search"

    static let usage = """
        Fills a catalogue with made-up songs and times queries of every kind, and prints a table.
          --songs N        how many (1000000)
          --queries N      of each kind (300)
          --only merge     nothing but two servers that meet
          --seed N         another library and other queries (1)
          --program FILE   the rondo to measure (.build/release/rondo)
          --results DIR    where the table is kept (Benchmarks/results)
          --folder DIR     where the library is kept for the next time (.build/bench-search)

        """

    static func read(_ arguments: [String]) throws(Fault) -> Options {
        var options = Options()
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw Fault(description: "\(name) needs a value") }
            switch name {
            case "--songs": options.songs = try number(name, value, 1_000...10_000_000)
            case "--queries": options.queries = try number(name, value, 10...1_000_000)
            case "--only":
                guard value == "merge" else { throw Fault(description: "--only takes merge, not \(value)") }
                options.onlyMerge = true
            case "--seed": options.seed = UInt64(try number(name, value, 0...Int.max))
            case "--program": options.program = value
            case "--results": options.results = value
            case "--folder": options.folder = value
            default: throw Fault(description: "\(name) is unknown")
            }
        }
        return options
    }

    private static func number(_ name: String, _ value: String, _ range: ClosedRange<Int>) throws(Fault) -> Int {
        guard let number = Int(value), range.contains(number) else {
            throw Fault(description: "\(name) takes a number from \(range.lowerBound), not \(value)")
        }
        return number
    }
}
