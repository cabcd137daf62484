import DataServer
import Linux
import Model
import Platform
import Testing
import TestTools

@Suite(.timeLimit(.minutes(1))) struct ScrubTests {
    /// A scrub of a node's chunks, which notes what it finds.
    @Loop
    private final class Findings {
        private(set) var damaged: [ContentHash: Int] = [:]
        let scrub: Scrub

        init(_ node: StorageNode, _ files: LinuxFiles, rate: Int64 = 1 << 40, clock: any Clock = LinuxClock()) {
            let holder = Holder()
            scrub = Scrub(
                chunks: node.chunks, files: files, clock: clock, log: .none, metrics: node.metrics, rate: rate,
                damaged: { holder.findings?.damaged[$0] = $1 })
            holder.findings = self
        }

        @Loop
        private final class Holder {
            weak var findings: Findings?
        }
    }

    private func files(_ node: StorageNode) async throws -> LinuxFiles {
        try await LinuxFiles.open(
            try Home(node.folder.path + "/scrub"), pool: BlockingPool(name: "files", threads: 1))
    }

    private func passes(_ node: StorageNode) async -> Double { await node.metrics.value("rondo_scrub_passes_total") }

    @Test func `damage that nobody reads is found, set aside and told, and what is whole is left alone`() async throws {
        try await onLoop {
            let node = try await StorageNode()
            let chunks = (1...20).map { chunk(UInt64($0)) }
            for chunk in chunks { try await node.chunks.put(chunk.hash, chunk.bytes) }
            try node.damage(chunks[7].hash)
            let findings = Findings(node, try await files(node))
            findings.scrub.start()
            #expect(await becomes { await self.passes(node) == 1 })
            #expect(findings.damaged == [chunks[7].hash: chunks[7].bytes.count])
            #expect(try node.hasQuarantined(chunks[7].hash))
            #expect(node.chunks.usage.chunks == 19)
            #expect(node.metrics.value("rondo_scrub_bytes_total") == Double(19 * chunks[0].bytes.count))
            findings.scrub.stop()
            node.stop()
        }
    }

    @Test func `a pass goes on where the process before has left it, and no sooner than a day after the last`()
        async throws
    {
        try await onLoop {
            let node = try await StorageNode()
            for seed in 1...300 {
                let chunk = chunk(UInt64(seed), length: 100)
                try await node.chunks.put(chunk.hash, chunk.bytes)
            }
            let files = try await files(node)
            // Five seconds for all: it is stopped after the first 256 chunks have been written down.
            let first = Findings(node, files, rate: 6_000)
            first.scrub.start()
            #expect(await becomes { node.metrics.value("rondo_scrub_bytes_total") >= 26_000 })
            first.scrub.stop()
            let read = node.metrics.value("rondo_scrub_bytes_total")
            #expect(read < 30_000)
            let second = Findings(node, files)
            second.scrub.start()
            #expect(await becomes { await self.passes(node) == 1 })
            let all = node.metrics.value("rondo_scrub_bytes_total")
            // At most what lay between the last time that it was written down and the stop is read twice.
            #expect(all >= 30_000 && all <= read + 4_400)
            second.scrub.stop()
            let third = Findings(node, files)
            third.scrub.start()
            let nextDay = Findings(node, files, clock: NextDay())
            nextDay.scrub.start()
            #expect(await becomes { await self.passes(node) == 2 })
            #expect(node.metrics.value("rondo_scrub_bytes_total") == all + 30_000)
            nextDay.scrub.stop()
            third.scrub.stop()
            node.stop()
        }
    }

    @Test func `no more is read in a second than it may`() async throws {
        try await onLoop {
            let node = try await StorageNode()
            for seed in 1...10 {
                let chunk = chunk(UInt64(seed), length: 100_000)
                try await node.chunks.put(chunk.hash, chunk.bytes)
            }
            let began = node.clock.now
            let findings = Findings(node, try await files(node), rate: 2_000_000)
            findings.scrub.start()
            #expect(await becomes { await self.passes(node) == 1 })
            #expect(node.clock.now - began >= .milliseconds(500))
            findings.scrub.stop()
            node.stop()
        }
    }
}

@Suite struct CopyProgressTests {
    private func time(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(seconds * 1e9)) }

    @Test func `what is left is told by how fast it went`() {
        var progress = CopyProgress(rate: 1_000)
        #expect(progress.copiesLeft == 0 && progress.secondsLeft(at: time(0)) == 0)
        progress.begin([4_000, 4_000, 8_000], at: time(10))
        // By the bound before the first one is done, then as measured.
        #expect(progress.secondsLeft(at: time(10)) == 16)
        progress.finished(4_000)
        #expect(progress.copiesLeft == 2 && progress.secondsLeft(at: time(12)) == 6)
        progress.finished(4_000)
        progress.finished(8_000)
        #expect(progress.copiesLeft == 0 && progress.secondsLeft(at: time(20)) == 0)
    }

    @Test func `sending keeps to the bound, whatever the pauses before`() {
        var progress = CopyProgress(rate: 1_000)
        #expect(progress.take(500, at: time(1)) == time(1))
        #expect(progress.take(500, at: time(1)) == time(1.5))
        #expect(progress.take(500, at: time(1)) == time(2))
        // Nothing is saved up.
        #expect(progress.take(5_000, at: time(60)) == time(60))
        #expect(progress.take(1, at: time(60)) == time(65))
        var free = CopyProgress(rate: 0)
        #expect(free.take(1 << 40, at: time(3)) == time(3))
        #expect(free.take(1, at: time(3)) == time(3))
    }
}

/// This machine's clock, a day and a minute later.
@Loop
private final class NextDay: Clock {
    private let clock = LinuxClock()
    var now: MonotonicTime { clock.now }
    var wallMs: Int64 { clock.wallMs + (24 * 60 + 1) * 60_000 }

    func schedule(at time: MonotonicTime, _ action: @escaping @Loop @Sendable () -> Void) -> any TimerHandle {
        clock.schedule(at: time, action)
    }

    func sleep(until time: MonotonicTime) async { await clock.sleep(until: time) }
}
