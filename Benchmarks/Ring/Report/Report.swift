import Foundation

/// A table with what it was measured on, for the screen and for the folder of results.
struct Report {
    let options: Options
    let machine: String
    let began: Date
    let figures: [Figure]

    private var text: String {
        let minutes = Int(Date().timeIntervalSince(began) / 60)
        let missed = figures.filter { $0.holds == false }.count
        return """
            \(stamp.replacing("T", with: " ").dropLast(3)) UTC, \(minutes) min, \(options.runs) runs
            \(machine); load after: \(Machine.load)

            \(Table.text(figures))
            \(missed == 0 ? "All bounds are met." : "\(missed) bounds are missed.")

            """
    }

    private var stamp: String { began.ISO8601Format().replacing("Z", with: "") }

    func print() { FileHandle.standardOutput.write(Data(text.utf8)) }

    /// Writes the table into a file named after the time at which the measurement began.
    func keep(in folder: String) {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let path = "\(folder)/\(stamp.replacing(":", with: "").replacing("T", with: "-").dropLast(2)).txt"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            FileHandle.standardError.write(Data("the table could not be kept in \(folder): \(error)\n".utf8))
        }
    }
}
