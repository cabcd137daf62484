import Linux
import Model
import Platform
import TestTools
import Testbed
import Testing

/// A transport that works badly on purpose.
@Suite(.serialized) struct TransportTests {
    @Test func `A text names every fault, and what it does not name is none`() throws {
        let faults = try TransportFaults(
            "delay-ms = 40  # far away\njitter-ms=10\n\nloss-percent=5\nduplicate-percent=1\nstream-delay-ms=7")
        var expected = TransportFaults()
        expected.delay = .milliseconds(40)
        expected.jitter = .milliseconds(10)
        expected.lossPercent = 5
        expected.duplicatePercent = 1
        expected.streamDelay = .milliseconds(7)
        #expect(faults == expected)
        #expect(try TransportFaults("# nothing") == TransportFaults())
    }

    @Test(arguments: ["delay-ms = soon", "los-percent = 1", "loss-percent = 101", "delay-ms", "delay-ms = -1"])
    func `A line that is no fault is refused by name`(line: String) {
        let error = #expect(throws: TestbedError.self) { try TransportFaults(line) }
        #expect(error?.description.contains(line) == true)
    }

    @Test func `As many datagrams vanish and come twice as the faults say`() {
        var faults = TransportFaults()
        faults.lossPercent = 30
        faults.duplicatePercent = 20
        faults.delay = .milliseconds(5)
        faults.jitter = .milliseconds(10)
        var generator = SeededGenerator(seed: 1)
        let holds = (0..<10_000).map { _ in faults.holds(using: &generator) }
        #expect((2_800...3_200).contains(holds.count(where: \.isEmpty)))
        #expect((1_250...1_550).contains(holds.count { $0.count == 2 }))
        #expect(holds.joined().allSatisfy { (.milliseconds(5) ... .milliseconds(15)).contains($0) })
    }

    /// A faulty network, the file that says how faulty, and its folder.
    @Loop
    private func network(_ text: String) throws -> (FaultyNetwork, path: String, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let path = try folder.file("faults", Array(text.utf8))
        return (try FaultyNetwork(LinuxNetwork(), clock: LinuxClock(), path: path), path, folder)
    }

    @Test func `Datagrams come late, and overtake each other`() async throws {
        try await onLoop {
            let (network, _, folder) = try network("delay-ms = 60\njitter-ms = 40\nreorder-percent = 30")
            let clock = LinuxClock()
            let inbox = Inbox()
            let receiver = try network.openDatagrams(on: Endpoint(.loopback, 0)) { bytes, _ in inbox.got.append(bytes) }
            let sender = try network.openDatagrams(on: Endpoint(.loopback, 0)) { _, _ in }
            let start = clock.now
            for number in UInt8(0)..<100 { sender.send([number], to: receiver.local) }
            #expect(await becomes { !inbox.got.isEmpty })
            #expect(clock.now - start >= .milliseconds(60))
            #expect(await becomes { inbox.got.count == 100 })
            #expect(inbox.got.map { $0[0] } != Array(0..<100))
            #expect(Set(inbox.got.map { $0[0] }).count == 100)
            receiver.close()
            sender.close()
            folder.remove()
        }
    }

    @Test func `What is written to streams comes late, whole and in order, also over TLS`() async throws {
        try await onLoop {
            let (network, _, folder) = try network("stream-delay-ms = 80")
            let clock = LinuxClock()
            let secrets = [PeerSecret(identity: "test/1", key: [UInt8](repeating: 7, count: 32))]
            let listener = try network.listen(on: Endpoint(.loopback, 0)) { stream in
                Loop.spawn("echo") {
                    guard let stream = try? await network.secure(stream, as: .server, secrets: secrets, deadline: soon)
                    else { return }
                    while let bytes = try? await stream.read(atMost: 65_536, deadline: soon), !bytes.isEmpty {
                        try? await stream.write(bytes, deadline: soon)
                    }
                    stream.close()
                }
            }
            let plain = try await network.connect(to: listener.local, from: .any, deadline: soon)
            let stream = try await network.secure(plain, as: .client, secrets: secrets, deadline: soon)
            let start = clock.now
            let sent = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try await stream.write(sent[..<1_000], deadline: soon)
            try await stream.write(sent[1_000...], deadline: soon)
            stream.finishWriting()
            var received: [UInt8] = []
            while received.count < sent.count {
                let bytes = try await stream.read(atMost: 65_536, deadline: soon)
                if received.isEmpty { #expect(clock.now - start >= .milliseconds(160)) }
                if bytes.isEmpty { break }
                received += bytes
            }
            #expect(received == sent)
            stream.close()
            listener.close()
            folder.remove()
        }
    }

    @Test func `The file is looked at while the process runs`() async throws {
        try await onLoop {
            let (network, path, folder) = try network("loss-percent = 100")
            let inbox = Inbox()
            let receiver = try network.openDatagrams(on: Endpoint(.loopback, 0)) { bytes, _ in inbox.got.append(bytes) }
            let sender = try network.openDatagrams(on: Endpoint(.loopback, 0)) { _, _ in }
            sender.send([1], to: receiver.local)
            _ = try folder.file("faults", Array("nonsense".utf8))
            _ = try folder.file("faults", Array("# all is well".utf8))
            #expect(await becomes { network.faults == TransportFaults() }, "\(path)")
            sender.send([2], to: receiver.local)
            #expect(await becomes { inbox.got == [[2]] })
            receiver.close()
            sender.close()
            folder.remove()
        }
    }

    @Test func `Without the variable a server has its plain network, and a file that is missing is an error`()
        async throws
    {
        try await onLoop {
            let plain = LinuxNetwork()
            let around = try FaultyNetwork.around(plain, clock: LinuxClock(), environment: [:])
            #expect(around === plain)
            let environment = [FaultyNetwork.variable: "/nowhere/faults"]
            #expect(throws: TestbedError.self) {
                try FaultyNetwork.around(plain, clock: LinuxClock(), environment: environment)
            }
        }
    }
}

/// What a socket has received.
@Loop
private final class Inbox {
    var got: [[UInt8]] = []
}
