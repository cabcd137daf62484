import Linux
import Model
import Platform
import Testing
import TestTools

@testable import RouterServer

@Suite(.timeLimit(.minutes(1))) struct TurnsTests {
    @Test func `turns are had in the order of asking, and whoever's time is over gives up his place`() async throws {
        try await onLoop {
            let clock = LinuxClock()
            let turns = Turns(atOnce: 1, clock: clock)
            #expect(await turns.begin(by: clock.now))
            let hasty = Loop.start("hasty") { await turns.begin(by: clock.now + .milliseconds(10)) }
            let patient = Loop.start("patient") { await turns.begin(by: clock.now + .seconds(30)) }
            // The one is held by nobody else: only its deadline ends the wait.
            let hadTurn = try await hasty.value
            #expect(!hadTurn)
            turns.end()
            let cameLater = try await patient.value
            #expect(cameLater)
            turns.end()
            // The place is free again, once.
            #expect(await turns.begin(by: clock.now))
            let second = await turns.begin(by: clock.now + .milliseconds(1))
            #expect(!second)
        }
    }
}
