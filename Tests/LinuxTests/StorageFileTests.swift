import Crypto
import FoundationEssentials
import Glibc
import Model
import Platform
import Testing
import TestTools

@testable import Linux

struct StorageHomeTests {
    @Test func `two servers on one home are refused, and the message names the first`() throws {
        let folder = try StorageFolder()
        let home = try Home("\(folder.path)/a/b/home")
        let error = #expect(throws: StoreError.self) { try Home(home.path) }
        guard case .failed(let number, let message) = error else {
            Issue.record("\(String(describing: error))"); return
        }
        #expect(number == EWOULDBLOCK)
        #expect(message.contains("another rondo server runs on \(home.path) (process \(getpid()))"))
    }

    @Test func `a home is free again when its server is gone`() throws {
        let folder = try StorageFolder()
        do { _ = try Home(folder.path) }
        #expect(throws: Never.self) { try Home(folder.path) }
    }

    @Test func `servers that share a folder have a home each, and the next one goes on with one that is free`() throws {
        let folder = try StorageFolder()
        let first = try Home.firstFree(in: folder.path)
        do {
            let second = try Home.firstFree(in: folder.path)
            let third = try Home.firstFree(in: folder.path)
            let names = [first, second, third].map { $0.path.split(separator: "/").last }
            #expect(names == ["server-1", "server-2", "server-3"])
        }
        #expect(try Home.firstFree(in: folder.path).path == "\(folder.path)/server-2")
        #expect(throws: StoreError.self) { try Home.firstFree(in: "/proc/rondo") }
        #expect(first.path == "\(folder.path)/server-1")
    }

    @Test func `a home that is a file, or below one, says what to do`() throws {
        let folder = try StorageFolder()
        try folder.write([1], to: "\(folder.path)/file")
        for path in ["\(folder.path)/file", "\(folder.path)/file/home", "/proc/rondo"] {
            let error = #expect(throws: StoreError.self) { try Home(path) }
            guard case .failed(_, let message) = error else { Issue.record("\(String(describing: error))"); continue }
            #expect(message.contains("--home"))
        }
    }
}

struct StorageStateTests {
    @Test func `a state file is read as it was saved last, by the next process too`() async throws {
        let folder = try StorageFolder()
        do {
            let files = try await folder.files()
            #expect(try await files.loadState("server.json") == nil)
            try await files.saveState("server.json", Array("one".utf8))
            try await files.saveState("server.json", Array("two".utf8))
            #expect(try await files.loadState("server.json") == Array("two".utf8))
        }
        try folder.write([1], to: "\(folder.path)/state/server.json.new")
        let files = try await folder.files()
        #expect(try await files.loadState("server.json") == Array("two".utf8))
        #expect(try folder.names("state") == ["server.json"])
    }

    @Test func `of saves asked for at once the last one stays`() async throws {
        let folder = try StorageFolder()
        let state = StateFolder(home: folder.path)
        try state.prepare()
        let tickets = (0..<2).map { _ in state.ticket() }
        try state.save("roster", [2], ticket: tickets[1])
        try state.save("roster", [1], ticket: tickets[0])
        #expect(try state.load("roster") == [2])
    }

    @Test(arguments: ["", "../x", "a/b", ".hidden", "x.new", "A", "ä", String(repeating: "x", count: 65)])
    func `a name that leads elsewhere is refused`(name: String) async throws {
        let folder = try StorageFolder()
        let files = try await folder.files()
        await #expect(throws: StoreError.self) { try await files.saveState(name, [1]) }
        await #expect(throws: StoreError.self) { try await files.loadState(name) }
    }
}

struct StorageSpoolTests {
    @Test func `a spooled upload has the hash of all its pieces and is read in any part`() async throws {
        let folder = try StorageFolder()
        let files = try await folder.files()
        let spool = try await files.openSpool()
        let (hash, bytes) = chunk(1, length: 300_000)
        for start in stride(from: 0, to: bytes.count, by: 65_536) {
            try await spool.append(Array(bytes[start..<min(start + 65_536, bytes.count)]))
        }
        #expect(await spool.length == 300_000)
        #expect(try await spool.finish() == hash)
        #expect(try await spool.read(offset: 299_990, length: 100) == Array(bytes.suffix(10)))
        #expect(try await spool.read(offset: 1_000_000, length: 100) == [])
        #expect(try await spool.read(offset: 65_530, length: 10) == Array(bytes[65_530..<65_540]))
        await #expect(throws: StoreError.self) { try await spool.append([1]) }
        #expect(try folder.names("uploads").isEmpty)
        await spool.close()
        await #expect(throws: StoreError.missing) { try await spool.read(offset: 0, length: 1) }
    }

    @Test func `uploads of a process that crashed are removed at the next start`() async throws {
        let folder = try StorageFolder()
        try folder.write([1, 2, 3], to: "\(folder.path)/uploads/left")
        _ = try await folder.files()
        #expect(try folder.names("uploads").isEmpty)
    }
}

struct StorageMediaTests {
    /// Asks a parser that is a shell script about an upload of `bytes`.
    private func describe(
        _ script: String, _ bytes: [UInt8] = Array("0123456789".utf8), fileName: String = "a song.ogg",
        seconds: Int64 = 20
    ) async throws -> MediaResult {
        let folder = try StorageFolder()
        let program = "\(folder.path)/parser"
        try folder.write(Array("#!/bin/sh\n\(script)\n".utf8), to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: program)
        let files = try await folder.files(mediaProgram: program)
        let spool = try await files.openSpool()
        try await spool.append(bytes)
        _ = try await spool.finish()
        return try await onLoop {
            await files.describe(spool, fileName: fileName, deadline: Reactor.now + .seconds(seconds))
        }
    }

    /// Shell commands that answer with `json` and then `rest`.
    private func answer(_ json: String, _ rest: String = "") -> String {
        let octal = { (byte: Int) in "\\" + String(byte & 255, radix: 8) }
        let count = json.utf8.count
        let length = [24, 16, 8, 0].map { octal(count >> $0) }.joined()
        return "printf '\(length)'; printf '%s' '\(json)\(rest)'"
    }

    private func song(bytes: Int, cover: Int = 0, packets: Int = 0, cuts: String) -> String {
        """
        {"song":{"bytes":\(bytes),"container":"ogg","codec":"vorbis","contentType":"audio/ogg","sampleRate":44100,\
        "channels":2,"bitsPerSample":0,"skipSamples":0,"totalSamples":10,"durationMs":1,"codecConfig":"",\
        "tags":{"title":"T"},"coverLength":\(cover),"packetsLength":\(packets),"cuts":[\(cuts)]}}
        """
    }

    private func cut(_ offset: Int, _ length: Int) -> String {
        "{\"kind\":\"audio\",\"startMs\":0,\"startSample\":0,\"samples\":1,\"offset\":\(offset),\"length\":\(length)}"
    }

    private func isFailure(_ result: MediaResult) -> Bool {
        if case .failed = result { true } else { false }
    }

    @Test func `the parser's song comes back with its cover and packets`() async throws {
        let json = song(bytes: 10, cover: 3, packets: 4, cuts: cut(0, 6) + "," + cut(6, 4))
        let result = try await describe(answer(json, "abcWXYZ"))
        guard case .song(let song, let cover, let packets) = result else { Issue.record("\(result)"); return }
        #expect(song.cuts.map(\.length) == [6, 4])
        #expect(song.tags.title == "T")
        #expect(cover == Array("abc".utf8))
        #expect(packets == Array("WXYZ".utf8))
    }

    @Test func `the parser reads the upload from descriptor 3, knows its name, and has no environment`() async throws {
        let script = """
            test "$(cat <&3)" = 0123456789 || exit 3
            test "$1 $2" = '--describe --a; song.ogg' || exit 4
            test -z "$HOME$SWIFT_BACKTRACE" || exit 5
            (echo x >&3) 2>/dev/null && exit 6
            \(answer(#"{"refused":{"code":"not_audio","message":"no"}}"#))
            """
        let result = try await describe(script, fileName: "--a; \0song.ogg")
        guard case .refused(let code, let message) = result else { Issue.record("\(result)"); return }
        #expect(code == "not_audio")
        #expect(message == "no")
    }

    @Test(arguments: [
        "exit 1", "kill -9 $$", "exit 0", "printf 'xx'", "printf '\\377\\377\\377\\377{}'", "printf '\\0\\0\\0\\2{}'",
    ])
    func `a parser that crashes or talks nonsense fails the upload alone`(script: String) async throws {
        #expect(isFailure(try await describe(script)))
    }

    @Test func `cuts that leave a gap, overlap, end early or lie about the file are not believed`() async throws {
        let wrong = [
            song(bytes: 10, cuts: cut(0, 5) + "," + cut(6, 4)), song(bytes: 10, cuts: cut(0, 6) + "," + cut(5, 5)),
            song(bytes: 10, cuts: cut(0, 9)), song(bytes: 10, cuts: cut(0, 5) + "," + cut(6, 5)),
            song(bytes: 11, cuts: cut(0, 11)), song(bytes: 10, cuts: ""),
            song(bytes: 10, cuts: cut(0, 10) + "," + cut(10, 0)), song(bytes: 10, cover: 9, cuts: cut(0, 10)),
            song(bytes: 10, cover: -1, packets: 1, cuts: cut(0, 10)),
        ]
        for json in wrong { #expect(isFailure(try await describe(answer(json)))) }
    }

    @Test func `a parser that hangs is killed at the deadline`() async throws {
        let began = Reactor.now
        #expect(isFailure(try await describe("exec sleep 60", seconds: 1)))
        #expect(Reactor.now - began < .seconds(10))
    }

    @Test func `a parser that writes without end is stopped`() async throws {
        #expect(isFailure(try await describe("exec cat /dev/zero", seconds: 20)))
    }

    @Test(
        arguments: [
            ("cat <&3; exit 0", 100, nil), ("cat <&3; exit 1", 100, "ended"), ("kill -9 $$", 100, "ended"),
            ("exec cat /dev/zero", 1 << 20, "longer"), ("exec sleep 60", 100, "timedOut"),
        ] as [(String, Int64, String?)])
    func `a rendition is all that the encoder wrote, and none that failed, hung or wrote without end`(
        script: String, limit: Int64, problem: String?
    ) async throws {
        let folder = try StorageFolder()
        let program = "\(folder.path)/parser"
        try folder.write(Array("#!/bin/sh\n[ \"$*\" = '--rendition flac' ] || exit 9\n\(script)\n".utf8), to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: program)
        let files = try await folder.files(mediaProgram: program)
        let (source, target) = (try await files.openSpool(), try await files.openSpool())
        try await source.append(Array("0123456789".utf8))
        _ = try await source.finish()
        let found = try await onLoop {
            await files.render(
                source, into: target, limit: limit, deadline: Reactor.now + .seconds(problem == "timedOut" ? 1 : 20))
        }
        guard let problem else {
            let written = try await target.read(offset: 0, length: 100)
            #expect(found == nil && written == Array("0123456789".utf8))
            return
        }
        #expect(found?.contains(problem) == true, "\(found ?? "none")")
    }

    @Test func `a parser that is not there is a failure with its path`() async throws {
        let folder = try StorageFolder()
        let files = try await folder.files(mediaProgram: "\(folder.path)/none")
        let spool = try await files.openSpool()
        let result = try await onLoop {
            await files.describe(spool, fileName: "x", deadline: Reactor.now + .seconds(9))
        }
        guard case .failed(let reason) = result else { Issue.record("\(result)"); return }
        #expect(reason.contains("/none"))
    }

    @Test func `no more than two parsers run at once`() async throws {
        let folder = try StorageFolder()
        let program = "\(folder.path)/parser"
        let script = """
            mkdir "\(folder.path)/one" 2>/dev/null || mkdir "\(folder.path)/two" 2>/dev/null || exit 7
            sleep 0.2
            rmdir "\(folder.path)/two" 2>/dev/null || rmdir "\(folder.path)/one"
            \(answer(#"{"refused":{"code":"x","message":"y"}}"#))
            """
        try folder.write(Array("#!/bin/sh\n\(script)\n".utf8), to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: program)
        let files = try await folder.files(mediaProgram: program)
        let results = try await onLoop {
            await withTaskGroup(of: MediaResult.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        guard let spool = try? await files.openSpool() else { return .failed("no spool") }
                        return await files.describe(spool, fileName: "x", deadline: Reactor.now + .seconds(30))
                    }
                }
                var results: [MediaResult] = []
                for await result in group { results.append(result) }
                return results
            }
        }
        #expect(results.count == 6)
        for result in results { #expect(!isFailure(result), "\(result)") }
    }
}
