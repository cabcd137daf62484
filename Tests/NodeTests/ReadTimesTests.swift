import DataServer
import Model
import Testing

@Suite struct ReadTimesTests {
    @Test func `a rival is asked after the time that 95 of the last 100 answers took`() {
        var times = ReadTimes()
        #expect(times.hedge == .milliseconds(150))
        for number in 0..<16 { times.note(.milliseconds(20 + number)) }
        #expect(times.hedge == .milliseconds(150))
        for _ in 0..<10 { for number in 0..<100 { times.note(.milliseconds(number < 97 ? 20 : 90)) } }
        #expect(times.hedge == .milliseconds(20))
        for _ in 0..<10 { for number in 0..<100 { times.note(.milliseconds(number < 90 ? 20 : 90)) } }
        #expect(times.hedge == .milliseconds(90))
    }

    @Test func `it is never sooner than 10 ms or later than 150 ms, and follows what is so now`() {
        var times = ReadTimes()
        for _ in 0..<200 { times.note(.microseconds(300)) }
        #expect(times.hedge == .milliseconds(10))
        for _ in 0..<200 { times.note(.seconds(1)) }
        #expect(times.hedge == .milliseconds(150))
        for _ in 0..<200 { times.note(.milliseconds(12)) }
        #expect(times.hedge == .milliseconds(12))
    }
}
