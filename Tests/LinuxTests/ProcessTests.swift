import Glibc
import Model
import Platform
import Testing
import TestTools

@testable import Linux

@Suite struct ProcessTests {
    @Test func `a child's output and exit status come back`() async throws {
        try await onLoop {
            let child = try ChildProcess(shell("echo out; echo $NAME; exit 7", environment: ["NAME": "rondo"]))
            let output = try #require(child.output)
            let bytes = try await output.readAll(limit: 1 << 10, deadline: soon)
            #expect(String(decoding: bytes, as: UTF8.self) == "out\nrondo\n")
            #expect(await child.wait(until: soon) == .exited(7))
        }
    }

    @Test func `a child has the descriptors that it was given and no others`() async throws {
        try await onLoop {
            let pipe = try TestPipe()
            var specification = shell("echo passed >&3; ls /proc/self/fd | tr '\\n' ' '")
            specification.passed = [pipe.writing]
            let child = try ChildProcess(specification)
            let output = try #require(child.output)
            let listed = try await output.readAll(limit: 1 << 10, deadline: soon)
            // 4 is the directory that `ls` itself has opened.
            #expect(String(decoding: listed, as: UTF8.self) == "0 1 2 3 4 ")
            #expect(try await pipe.reader.read(atMost: 100, deadline: soon) == Array("passed\n".utf8))
            #expect(await child.wait(until: soon) == .exited(0))
        }
    }

    @Test func `a child that takes too long is killed at its deadline`() async throws {
        try await onLoop {
            let child = try ChildProcess(shell("exec sleep 1000"))
            #expect(await child.wait(until: Reactor.now + .milliseconds(10)) == nil)
            #expect(await child.waitOrKill(at: Reactor.now + .milliseconds(10)) == .killed(signal: SIGKILL))
        }
    }

    @Test func `a child gets the signals that are sent to it`() async throws {
        try await onLoop {
            let child = try ChildProcess(
                shell("trap 'echo caught; exit 3' TERM; echo ready; while :; do sleep 0.01; done"))
            let output = try #require(child.output)
            #expect(try await output.read(atMost: 100, deadline: soon) == Array("ready\n".utf8))
            child.send(.terminate)
            #expect(try await output.readAll(limit: 100, deadline: soon) == Array("caught\n".utf8))
            #expect(await child.wait(until: soon) == .exited(3))
        }
    }

    @Test func `too much output is an error, not memory`() async throws {
        try await onLoop {
            let child = try ChildProcess(shell("exec cat /dev/zero"))
            let error = await streamError { () async throws(StreamError) in
                try await child.output?.readAll(limit: 1 << 20, deadline: soon)
            }
            #expect(error == .failed(EFBIG))
        }
    }

    @Test func `a program that is not there is an error with its number`() async throws {
        try await onLoop {
            let error = await streamError { () async throws(StreamError) in
                _ = try ChildProcess(ChildSpecification("/nowhere/rondo-media"))
            }
            #expect(error == .failed(ENOENT))
        }
    }

    @Test func `a released child does not go on`() async throws {
        try await onLoop {
            var number: Int32 = 0
            do { number = try ChildProcess(shell("exec sleep 1000")).processID }
            // Signal 0 asks whether there is such a process; a zombie counts until it has been waited for.
            let deadline = soon
            while kill(number, 0) == 0, Reactor.now < deadline { await turns() }
            #expect(kill(number, 0) == -1)
        }
    }

    @Test func `a killed peer ends a waiting read at once`() async throws {
        try await onLoop {
            let accepted = Mailbox<any ByteStream>()
            let listener = try LinuxNetwork().listen(on: Endpoint(.loopback, 0)) { accepted.put($0) }
            defer { listener.close() }
            var specification = ChildSpecification(
                "bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(listener.local.port); echo hello >&3; exec sleep 1000"])
            specification.error = .null
            let child = try ChildProcess(specification)
            let stream = try await accepted.take()
            #expect(try await stream.read(exactly: 6, deadline: soon) == Array("hello\n".utf8))
            let ends = Mailbox<MonotonicTime>()
            Loop.spawn("reader") {
                let error = await streamError { () async throws(StreamError) in
                    #expect(try await stream.read(atMost: 1, deadline: .distantFuture).isEmpty)
                }
                #expect(error == nil)
                ends.put(Reactor.now)
            }
            await turns()
            let start = Reactor.now
            child.send(.kill)
            #expect(try await ends.take() - start < .milliseconds(500))
            stream.close()
        }
    }

    @Test func `a signal runs its action on the loop`() async throws {
        try await onLoop {
            let arrived = Mailbox<Signal>()
            for signal in [Signal.firstUser, .secondUser] {
                try Signals.handle(signal) {
                    Loop.shared.assertIsolated()
                    arrived.put(signal)
                }
            }
            for signal in [Signal.firstUser, .secondUser, .firstUser] {
                kill(getpid(), signal.rawValue)
                #expect(try await arrived.take() == signal)
            }
            #expect(throws: StreamError.failed(EINVAL)) { try Signals.handle(.kill) {} }
        }
    }

    @Test func `a process past its memory limit is refused memory`() async {
        await #expect(processExitsWith: .success) {
            let isApplied = ProcessLimits.apply(memory: 512 << 20)
            let memory = unsafe mmap(nil, 1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            let isRefused = unsafe memory == MAP_FAILED
            exit(isApplied && isRefused ? 0 : 1)
        }
    }

    @Test func `a process past its CPU time ends`() async {
        await #expect(processExitsWith: .signal(SIGXCPU)) {
            ProcessLimits.apply(cpuSeconds: 1)
            var number = 1
            while number != 0 { number = number &* 3 | 1 }
        }
    }

    @Test func `memory that was used in a burst goes back to the system`() async {
        await #expect(processExitsWith: .success) {
            ProcessMemory.tune()
            let before = ProcessMemory.resident()
            var blocks = (0..<256).map { [UInt8](repeating: UInt8($0), count: 256 << 10) }
            let used = ProcessMemory.resident() - before
            blocks.removeAll()
            ProcessMemory.trim()
            let kept = ProcessMemory.resident() - before
            exit(before > 0 && used > 60 << 20 && kept < 4 << 20 ? 0 : 1)
        }
    }
}

/// A shell script as a child whose output is piped.
private func shell(_ script: String, environment: [String: String] = [:]) -> ChildSpecification {
    var all = environment
    all["PATH"] = "/usr/bin:/bin"
    var specification = ChildSpecification("/bin/sh", ["-c", script], environment: all)
    specification.output = .piped
    return specification
}
