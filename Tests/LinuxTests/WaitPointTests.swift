import Model
import Platform
import Testing
import TestTools

@testable import Linux

@Suite struct WaitPointTests {
    @Test func `a wake between a try and its wait is not lost`() async throws {
        try await onLoop {
            let point = WaitPoint()
            let before = point.wakes
            point.wake()
            #expect(await point.wait(after: before, until: soon) == .ready)
            #expect(await point.wait(after: point.wakes, until: Reactor.now + .milliseconds(2)) == .timedOut)
        }
    }

    @Test func `each waiter has a deadline of its own`() async throws {
        try await onLoop {
            let point = WaitPoint()
            let ends = Mailbox<(Duration, Wakeup)>()
            let start = Reactor.now
            for milliseconds in [9, 3, 6] {
                Loop.spawn("waiter") {
                    let deadline = start + .milliseconds(milliseconds)
                    let wakeup = await point.wait(after: 0, until: deadline)
                    ends.put((Reactor.now - deadline, wakeup))
                }
            }
            for _ in 0..<3 {
                let (lateness, wakeup) = try await ends.take()
                #expect(wakeup == .timedOut)
                #expect(lateness >= .zero)
            }
        }
    }

    @Test func `an earlier deadline than the timer's is kept`() async throws {
        try await onLoop {
            let point = WaitPoint()
            let late = Loop.spawn("late") { _ = await point.wait(after: 0, until: soon) }
            await turns()
            #expect(await point.wait(after: 0, until: Reactor.now + .milliseconds(2)) == .timedOut)
            point.wake()
            await late.value
        }
    }

    @Test func `a task that was cancelled before it waits does not wait`() async throws {
        try await onLoop {
            let point = WaitPoint()
            let ends = Mailbox<Wakeup>()
            let task = Loop.spawn("cancelled") {
                await LinuxClock().sleep(until: soon)
                ends.put(await point.wait(after: 0, until: .distantFuture))
            }
            await turns()
            task.cancel()
            let end = try await ends.take()
            #expect(end == .cancelled)
        }
    }

    @Test func `a closed point ends all waits, also later ones`() async throws {
        try await onLoop {
            let point = WaitPoint()
            let ends = Mailbox<Wakeup>()
            Loop.spawn("waiter") { ends.put(await point.wait(after: 0, until: soon + .seconds(500))) }
            await turns()
            point.close()
            let end = try await ends.take()
            #expect(end == .closed)
            #expect(await point.wait(after: 0, until: .distantFuture) == .closed)
        }
    }
}
