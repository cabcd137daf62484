import Glibc
import Model
import Platform
import Testing
import TestTools

@testable import Linux

@Suite struct LoopTests {
    @Test func `timers fire in the order of their times, and of one time in the order in which they were set`()
        async throws
    {
        try await onLoop {
            let clock = LinuxClock()
            let fired = Mailbox<Int>()
            let start = clock.now
            var handles: [any TimerHandle] = []
            for (number, milliseconds) in [(3, 9), (1, 3), (4, 9), (2, 6), (5, 9)] {
                handles.append(clock.schedule(at: start + .milliseconds(milliseconds)) { fired.put(number) })
            }
            for number in 1...5 {
                let next = try await fired.take()
                #expect(next == number)
            }
            #expect(clock.now >= start + .milliseconds(9))
        }
    }

    @Test func `a cancelled timer does not fire and leaves nothing behind`() async throws {
        try await onLoop {
            let clock = LinuxClock()
            let heap = Reactor.shared.timers
            let before = heap.count
            let fired = Mailbox<Int>()
            var generator = SeededGenerator(seed: 5)
            let start = clock.now
            var handles: [(number: Int, handle: any TimerHandle)] = []
            for number in 0..<1_000 {
                let time = start + .microseconds(Int64.random(in: 20_000..<40_000, using: &generator))
                handles.append((number, clock.schedule(at: time) { fired.put(number) }))
            }
            handles.shuffle(using: &generator)
            for one in handles.prefix(900) { one.handle.cancel() }
            #expect(heap.count <= before + 100)
            var seen: Set<Int> = []
            for _ in 0..<100 { seen.insert(try await fired.take()) }
            #expect(seen == Set(handles.suffix(100).map(\.number)))
            #expect(fired.count == 0)
        }
    }

    @Test func `a heap gives random times back in order`() async throws {
        try await onLoop {
            let heap = TimerHeap()
            var generator = SeededGenerator(seed: 11)
            var timers: [LoopTimer] = []
            let order = Mailbox<Int64>()
            for _ in 0..<2_000 {
                let time = Int64.random(in: 0..<500, using: &generator)
                timers.append(heap.schedule(at: MonotonicTime(nanoseconds: time)) { order.put(time) })
                if Int.random(in: 0..<3, using: &generator) == 0 { timers.randomElement(using: &generator)?.cancel() }
            }
            let left = heap.count
            heap.fire(until: MonotonicTime(nanoseconds: 500))
            var times: [Int64] = []
            while order.count > 0 { times.append(try await order.take()) }
            #expect(times.count == left)
            #expect(times == times.sorted())
        }
    }

    @Test func `a sleep ends at its time`() async throws {
        try await onLoop {
            let clock = LinuxClock()
            let end = clock.now + .milliseconds(7)
            await clock.sleep(until: end)
            #expect(clock.now >= end)
            await clock.sleep(until: end)
        }
    }

    @Test func `a cancelled sleep ends early`() async throws {
        try await onLoop {
            let clock = LinuxClock()
            let start = clock.now
            let sleeper = Loop.spawn("sleeper") { await clock.sleep(for: .seconds(600)) }
            await turns()
            sleeper.cancel()
            await sleeper.value
            #expect(clock.now - start < .seconds(20))
        }
    }

    @Test func `code of the loop runs on its one thread, before and after each wait`() async throws {
        try await onLoop {
            let own = pthread_self()
            let pool = BlockingPool(name: "other", threads: 1)
            let other = await pool.run { pthread_self() }
            #expect(other != own)
            #expect(pthread_self() == own)
            await LinuxClock().sleep(for: .milliseconds(1))
            #expect(pthread_self() == own)
            Loop.assumeIsolated { #expect(pthread_self() == own) }
        }
    }

    @Test func `jobs from many threads all run`() async throws {
        EventLoop.install()
        let counted = Mailbox<Int>()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 { group.addTask { await counted.put(number) } }
        }
        #expect(await counted.count == 200)
    }

    @Test func `one busy transfer does not hold the timers back`() async throws {
        try await onLoop {
            let fired = Mailbox<Int>()
            _ = LinuxClock().schedule(at: Reactor.now) { fired.put(1) }
            // A stream that always has bytes never waits by itself.
            for _ in 0..<40 { await Reactor.shared.spend(128 << 10) }
            #expect(fired.count == 1)
        }
    }
}
