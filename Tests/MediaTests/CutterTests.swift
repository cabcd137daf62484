import Model
import Testing

@testable import Media

/// The rules of cutting alone, on packets made up for it.
@Suite struct CutterTests {
    private func cuts(
        _ packets: [(position: Int64, length: Int, start: Int64)], end: Int64, total: Int64, length: Int64,
        maximum: Int = 1000, isClean: (Int64) -> Bool = { _ in true }
    ) -> [MediaCut] {
        var cutter = Cutter(sampleRate: 100, maximumLength: maximum)
        for packet in packets {
            cutter.add(
                Cutter.Packet(
                    position: packet.position, length: packet.length, startSample: packet.start, beginsCut: true,
                    isClean: isClean(packet.position), reach: packet.length))
        }
        return cutter.finish(audioEnd: end, totalSamples: total, length: length)
    }

    private func steady(_ count: Int, from: Int64, length: Int, samples: Int64) -> [(Int64, Int, Int64)] {
        (0..<count).map { (from + Int64($0 * length), length, Int64($0) * samples) }
    }

    @Test func `Chunks begin at the first packet at or after every ten seconds`() {
        let cuts = cuts(steady(100, from: 7, length: 3, samples: 30), end: 307, total: 3000, length: 310)
        #expect(cuts.map(\.kind) == [.head, .audio, .audio, .audio, .tail])
        #expect(cuts.map(\.startSample) == [0, 0, 1020, 2010, 3000])
        #expect(cuts.map(\.startMs) == [0, 0, 10_200, 20_100, 30_000])
        #expect(cuts.map(\.length) == [7, 102, 99, 99, 3])
    }

    @Test func `A chunk that would grow too long ends before the packet that would do it`() {
        let cuts = cuts(steady(20, from: 0, length: 300, samples: 100), end: 6000, total: 2000, length: 6000)
        #expect(cuts.map(\.length) == [900, 900, 900, 900, 900, 900, 600])
        #expect(cuts.map(\.samples) == [300, 300, 300, 300, 300, 300, 200])
    }

    @Test func `After a chunk that was full the next one gets its ten seconds`() {
        let packets =
            steady(3, from: 0, length: 400, samples: 300) + [(1200, 1, 900), (1201, 1, 1590), (1202, 1, 1600)]
        #expect(cuts(packets, end: 1203, total: 1700, length: 1203).map(\.startSample) == [0, 600, 1600])
    }

    @Test func `A packet longer than a chunk may be is split, and its first piece has the samples`() {
        let cuts = cuts([(10, 2500, 0), (2510, 10, 500)], end: 2520, total: 600, length: 2520)
        #expect(cuts.map(\.length) == [10, 1000, 1000, 500, 10])
        #expect(cuts.map(\.samples) == [0, 500, 0, 0, 100])
        #expect(cuts.map(\.startSample) == [0, 0, 500, 500, 500])
    }

    @Test func `A page that begins within a packet is waited out for a second`() {
        let packets = steady(30, from: 0, length: 5, samples: 50)
        #expect(cuts(packets, end: 150, total: 1500, length: 150) { $0 != 100 }.map(\.startSample) == [0, 1050])
        #expect(cuts(packets, end: 150, total: 1500, length: 150) { _ in false }.map(\.startSample) == [0, 1100])
    }
}
