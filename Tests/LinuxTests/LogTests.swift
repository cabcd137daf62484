import Glibc
import Model
import Platform
import Testing
import TestTools

@testable import Linux

@Suite struct LogTests {
    private let record = LogRecord(
        time: 1_709_208_000_123_456, level: .warning, message: "peer closed",
        fields: [("peer", "127.0.1.2:7700"), ("reason", "two words"), ("empty", "")])

    @Test func `a text line has time, level, message and fields`() {
        #expect(
            record.text
                == #"2024-02-29T12:00:00.123Z warning peer closed peer=127.0.1.2:7700 reason="two words" empty="""#)
    }

    @Test func `a JSON line is one object`() {
        let expected =
            #"{"time":"2024-02-29T12:00:00.123456Z","level":"warning","message":"peer closed","#
            + #""peer":"127.0.1.2:7700","reason":"two words","empty":""}"#
        #expect(record.json == expected)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (1_798_761_599_000, "2026-12-31T23:59:59.000Z"),
    ])
    func `dates are right`(_ milliseconds: Int64, _ text: String) {
        let record = LogRecord(time: milliseconds * 1_000, level: .info, message: "x", fields: [])
        #expect(record.text == "\(text) info x")
    }

    @Test func `no value can forge a line, a field or a terminal command`() {
        let value = "a\nb\r\u{1B}[31m\u{85}\u{2028}\u{202E}\"=\\\u{0}é♪"
        let forged = LogRecord(time: 0, level: .info, message: "got\nline", fields: [("from", value)])
        let escaped = #"a\nb\u000d\u001b[31m\u0085\u2028\u202e\"=\\\u0000é♪"#
        #expect(forged.text == #"1970-01-01T00:00:00.000Z info got\nline from=""# + escaped + "\"")
        #expect(forged.json.hasSuffix(#""message":"got\nline","from":""# + escaped + "\"}"))
    }

    @Test func `a logger writes whole lines with the server's id to its descriptor`() async throws {
        try await onLoop {
            let pipe = try TestPipe()
            let sink = LogSink(.json, server: "5f2a", descriptor: pipe.writing)
            let log = sink.logger(level: .info)
            log.debug("too small")
            log.info("ready", ["port": 8080])
            log.error("large", ["value": String(repeating: "\n", count: 9_000)])
            let bytes = try await pipe.reader.read(atMost: 1 << 16, deadline: soon)
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.first?.hasSuffix(#""message":"ready","server":"5f2a","port":"8080"}"#) == true)
            #expect(lines.last?.utf8.count ?? 0 < 4_096)
            #expect(lines.last?.hasSuffix("…\"}") == true)
        }
    }

    @Test func `lines that nobody reads are dropped and counted`() async throws {
        try await onLoop {
            let pipe = try TestPipe()
            let log = LogSink(.text, server: "", descriptor: pipe.writing).logger(level: .info)
            for _ in 0..<2_000 { log.info("a line of some length, so that the pipe fills", ["field": "value"]) }
            _ = try await pipe.reader.read(atMost: 1 << 20, deadline: soon)
            log.info("again")
            let rest = try await pipe.reader.read(atMost: 1 << 20, deadline: soon)
            #expect(String(decoding: rest, as: UTF8.self).contains("again lostLines="))
        }
    }
}
