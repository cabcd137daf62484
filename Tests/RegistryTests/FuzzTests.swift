import Foundation
import Model
import Testing

@testable import Registry

/// Bytes that nobody meant: none may stop the registry, and whatever it answers must itself be a right message.
@Suite struct FuzzTests {
    /// What the fuzzer begins with: packets of the real dig, kdig and nsupdate, and rows of them.
    private static let corpus: [[UInt8]] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fuzz/Corpus")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().compactMap { name in
            (try? Data(contentsOf: folder.appending(path: name))).map { Array($0) }
        }
    }()

    @Test func `every packet of the corpus is answered rightly`() {
        #expect(Self.corpus.count >= 50)
        var answers = 0
        for input in Self.corpus {
            var trial = PacketTrial()
            trial.play(input)
            #expect(trial.faults == [], "\(input)")
            answers += trial.replies
        }
        #expect(answers >= 50)
    }

    @Test(arguments: 0..<4)
    func `random and damaged packets never stop the registry`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var (packets, answers) = (0, 0)
        while packets < 50_000 {
            let right = try #require(Self.corpus.randomElement(using: &random))
            let input = packets % 8 == 0 ? Self.noise(&random) : Self.mutate(right, &random)
            var trial = PacketTrial()
            trial.play(input)
            #expect(trial.faults == [], "\(input)")
            packets += max(1, trial.packets)
            answers += trial.replies
        }
        #expect(answers > 20_000)
    }

    @Test(arguments: 0..<2)
    func `random and damaged answers never stop a client`(seed: UInt64) throws {
        var desk = try Desk.withFive()
        var random = SeededGenerator(seed: seed)
        let query = DNSQuery(id: 5, try #require(DomainName("_http._tcp.router.rondo")), .srv)
        guard case .reply(let right, _) = desk.answer(query.bytes, over: .udp) else {
            throw DNSError(reason: .foreign, offset: 0)
        }
        var read = 0
        for _ in 0..<20_000 where (try? query.answer(parsing: Self.mutate(right, &random))) != nil { read += 1 }
        #expect(read > 100)
    }

    private static func noise(_ random: inout SeededGenerator) -> [UInt8] {
        let length = Int.random(in: 0...80, using: &random)
        var bytes: [UInt8] = []
        while bytes.count < length { bytes.append(UInt8(truncatingIfNeeded: random.next())) }
        return PacketTrial.input(bytes, signed: Bool.random(using: &random), tcp: Bool.random(using: &random))
    }

    private static func mutate(_ right: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = right
        for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 2: bytes.removeSubrange(place...)
            case 3: bytes.insert(0xC0, at: place)
            default: bytes.append(UInt8(truncatingIfNeeded: random.next()))
            }
        }
        return bytes
    }
}
