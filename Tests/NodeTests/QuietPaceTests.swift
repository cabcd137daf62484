import DataServer
import Testing

@Suite struct QuietPaceTests {
    private func turns(_ count: Int, of pace: inout QuietPace) -> [Int] {
        var due: [Int] = []
        for turn in 0..<count where pace.isDue() { due.append(turn) }
        return due
    }

    @Test func `questions become rarer, never rarer than every fourth turn`() {
        var pace = QuietPace()
        #expect(turns(20, of: &pace) == [0, 1, 2, 3, 5, 9, 13, 17])
    }

    @Test func `a change brings them back at once, whatever the rest was`() {
        var pace = QuietPace()
        _ = turns(10, of: &pace)
        pace.hurry()
        #expect(turns(8, of: &pace) == [0, 1, 2, 3, 5])
    }
}
