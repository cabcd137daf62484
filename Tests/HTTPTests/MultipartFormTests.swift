import HTTP
import Testing

@Suite struct MultipartFormTests {
    private struct Parsed: Equatable {
        var fields: [String: String] = [:]
        var files: [String: [UInt8]] = [:]
        var names: [String] = []
        var complete = false
    }

    private func parse(_ body: [UInt8], boundary: String = "B", pieces size: Int = .max) throws -> Parsed {
        var form = try MultipartForm(contentType: "multipart/form-data; boundary=\(boundary)")
        var parsed = Parsed()
        var open: String?
        var rest = body[...]
        while !rest.isEmpty {
            var events: [FormEvent] = []
            try form.feed(rest.prefix(size), into: &events)
            rest = rest.dropFirst(size)
            for event in events {
                switch event {
                case .field(let name, let value): parsed.fields[name] = value
                case .fileBegan(let name, let fileName, _):
                    open = name
                    parsed.files[name] = []
                    parsed.names.append(fileName)
                case .fileBytes(let bytes): parsed.files[try #require(open), default: []] += bytes
                case .fileEnded: open = nil
                }
            }
        }
        parsed.complete = form.isComplete
        return parsed
    }

    private func part(_ name: String, _ content: [UInt8], file: String? = nil) -> [UInt8] {
        let fileName = file.map { "; filename=\"\($0)\"\r\nContent-Type: audio/flac" } ?? ""
        return Array("--B\r\nContent-Disposition: form-data; name=\"\(name)\"\(fileName)\r\n\r\n".utf8) + content
            + Array("\r\n".utf8)
    }

    @Test(arguments: [1, 2, 3, 10, 61, 4096, 1 << 20])
    func `A form is the same whatever pieces it arrives in`(size: Int) throws {
        // Content full of what looks like the beginning of a boundary.
        let tricky = Array("\r\n--\r\n--C\r\n-\r\r\n--".utf8)
        let content: [UInt8] = Array(repeating: tricky, count: 200).joined() + [0, 255, 13]
        var body = Array("preamble\r\n".utf8) + part("title", Array("Öl".utf8))
        body += part("file", content, file: "a.flac")
        body += part("empty", []) + Array("--B--\r\nepilogue".utf8)
        let parsed = try parse(body, pieces: size)
        #expect(parsed.fields == ["title": "Öl", "empty": ""])
        #expect(parsed.files == ["file": content])
        #expect(parsed.names == ["a.flac"])
        #expect(parsed.complete)
    }

    @Test func `A form without its closing boundary is truncated`() throws {
        let whole = part("file", Array("hello".utf8), file: "a.mp3")
        for length in stride(from: 0, through: whole.count, by: 3) {
            var form = try MultipartForm(contentType: "multipart/form-data; boundary=B")
            var events: [FormEvent] = []
            try form.feed(whole.prefix(length), into: &events)
            let error = #expect(throws: APIError.self) { try form.finish() }
            #expect(error?.code == "truncated")
        }
    }

    @Test(arguments: [
        "--B garbage\r\n", "--B\r\nContent-Disposition: form-data\r\n\r\n", "--B\r\n\r\n", "--B\r\nX: y\r\n\r\n",
        "--B\r\nbroken\r\n\r\n", "--B\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n",
        "--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\n",
        "--B\r\nX: \(String(repeating: "x", count: 5000))",
    ])
    func `A malformed part is 400`(body: String) {
        let error = #expect(throws: APIError.self) { try self.parse(Array(body.utf8)) }
        #expect(error?.status == 400)
    }

    @Test func `A field of more than 4 KiB is 413, more than 64 parts are 400`() {
        let long = part("title", [UInt8](repeating: 0x61, count: 5000))
        #expect(#expect(throws: APIError.self) { try self.parse(long, pieces: 100) }?.status == 413)
        let many = Array(Array(repeating: part("a", []), count: 65).joined())
        #expect(#expect(throws: APIError.self) { try self.parse(many) }?.status == 400)
    }

    @Test(arguments: [
        (#"filename="a b.mp3""#, "a b.mp3"), (#"filename="say \"hi\".mp3""#, #"say "hi".mp3"#),
        (#"filename="say %22hi%22.mp3""#, #"say "hi".mp3"#), (#"filename="C:\music\a.mp3""#, "a.mp3"),
        (#"filename="../../etc/passwd""#, "passwd"), ("filename=a.mp3", "a.mp3"),
        (#"filename="x"; filename*=UTF-8''na%C3%AFve%20song.ogg"#, "naïve song.ogg"),
        (#"filename="x"; filename*=latin1''%E4"#, "x"), (#"filename="Müller.mp3""#, "Müller.mp3"),
        (#"filename="""#, ""),
    ])
    func `File names are read in all their forms, without folders`(parameter: String, name: String) throws {
        let body = "--B\r\nContent-Disposition: form-data; name=\"file\"; \(parameter)\r\n\r\nx\r\n--B--"
        #expect(try parse(Array(body.utf8)).names == [name])
    }

    @Test func `A request that is no form is 415, one without a boundary 400`() {
        #expect(#expect(throws: APIError.self) { try MultipartForm(contentType: "audio/flac") }?.status == 415)
        #expect(#expect(throws: APIError.self) { try MultipartForm(contentType: nil) }?.status == 415)
        #expect(#expect(throws: APIError.self) { try MultipartForm(contentType: "multipart/form-data") }?.status == 400)
        let long = "multipart/form-data; boundary=\(String(repeating: "b", count: 71))"
        #expect(#expect(throws: APIError.self) { try MultipartForm(contentType: long) }?.status == 400)
        #expect(throws: Never.self) {
            try MultipartForm(contentType: "Multipart/Form-Data; charset=x; boundary=\"a b\"")
        }
    }
}
