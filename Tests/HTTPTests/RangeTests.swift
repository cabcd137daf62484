import HTTP
import Model
import Testing

@Suite struct RangeTests {
    @Test(
        arguments: [
            ("bytes=0-0", [0..<1]), ("bytes=0-99", [0..<100]), ("bytes=50-", [50..<100]), ("bytes=-10", [90..<100]),
            ("bytes=-1000", [0..<100]), ("bytes=90-1000", [90..<100]), ("Bytes = 1-2", [1..<3]),
            ("bytes=0-1, 5-6 ,-1", [0..<2, 5..<7, 99..<100]), ("bytes=0-1,200-300", [0..<2]), ("bytes=,0-1,", [0..<2]),
            ("bytes=0-99999999999999999999", [0..<100]), ("bytes=-99999999999999999999", [0..<100]),
        ] as [(String, [Range<Int64>])])
    func `Valid ranges are read`(field: String, ranges: [Range<Int64>]) {
        #expect(ByteRanges(field, size: 100) == .parts(ranges))
    }

    @Test(arguments: [
        "bytes=100-", "bytes=100-200", "bytes=-0", "bytes=5-3", "bytes=abc", "bytes=", "bytes", "bytes=1", "bytes=--1",
        "bytes=1-2-3", "bytes=0x1-2", "bytes=1-2;3-4", "bytes=0-1,x", "bytes=+1-2",
    ])
    func `A wrong range is unsatisfiable`(field: String) {
        #expect(ByteRanges(field, size: 100) == .unsatisfiable)
    }

    @Test func `No range, another unit, too many and overlapping ones are the whole`() {
        #expect(ByteRanges(nil, size: 100) == .whole)
        #expect(ByteRanges("lines=1-2", size: 100) == .whole)
        let many = (0..<17).map { "\($0)-\($0)" }.joined(separator: ",")
        #expect(ByteRanges("bytes=\(many)", size: 100) == .whole)
        #expect(ByteRanges("bytes=0-,0-,0-", size: 100) == .whole)
        #expect(ByteRanges("bytes=0-", size: 0) == .unsatisfiable)
    }

    @Test func `The length of several ranges is exact`() {
        let multipart = MultipartRanges([0..<2, 5..<105], size: 200, contentType: "audio/flac", boundary: "b")
        let written = multipart.parts.reduce(0) { $0 + $1.head.count + $1.range.count } + multipart.tail.count
        #expect(multipart.length == Int64(written))
        #expect(
            multipart.parts.map { String(decoding: $0.head, as: UTF8.self) } == [
                "\r\n--b\r\nContent-Type: audio/flac\r\nContent-Range: bytes 0-1/200\r\n\r\n",
                "\r\n--b\r\nContent-Type: audio/flac\r\nContent-Range: bytes 5-104/200\r\n\r\n",
            ])
        #expect(String(decoding: multipart.tail, as: UTF8.self) == "\r\n--b--\r\n")
        #expect(multipart.contentType == "multipart/byteranges; boundary=b")
    }

    @Test func `Tags compare as their conditions say`() throws {
        let hash = try #require(ContentHash(bytes: [UInt8](repeating: 0xAB, count: 32)))
        let tag = EntityTag.strong(hash)
        #expect(tag == "\"\(String(repeating: "ab", count: 32))\"")
        #expect(EntityTag.noneMatchHolds(["If-None-Match": "\"x\", W/\(tag)"], tag))
        #expect(EntityTag.noneMatchHolds(["If-None-Match": "*"], tag))
        #expect(!EntityTag.noneMatchHolds(["If-None-Match": "\"x\""], tag))
        #expect(!EntityTag.noneMatchHolds([:], tag))
        #expect(EntityTag.rangeCounts([:], tag))
        #expect(EntityTag.rangeCounts(["If-Range": tag], tag))
        #expect(!EntityTag.rangeCounts(["If-Range": "W/\(tag)"], tag))
        #expect(!EntityTag.rangeCounts(["If-Range": "Sun, 06 Nov 1994 08:49:37 GMT"], tag))
        #expect(EntityTag.matchFails(["If-Match": "\"x\""], tag))
        #expect(!EntityTag.matchFails(["If-Match": tag], tag))
    }
}

@Suite struct RequestTargetTests {
    @Test func `Paths and queries are decoded`() throws {
        let target = try RequestTarget("/api/v1/songs?q=a+b%2Bc&artist=Bj%C3%B6rk&empty=&flag&q=2")
        #expect(target.segments == ["api", "v1", "songs"])
        #expect(target.query.items.map(\.name) == ["q", "artist", "empty", "flag", "q"])
        #expect(target.query.items.map(\.value) == ["a b+c", "Björk", "", "", "2"])
        #expect(try RequestTarget("/").segments == [])
        #expect(try RequestTarget("/a+b/").segments == ["a+b", ""])
        #expect(try RequestTarget("*").segments == [])
    }

    @Test(arguments: [
        "/..", "/a/../b", "/%2e%2e/etc/passwd", "/.", "/a%2fb", "/a%5cb", "/a\\b", "/%00", "/%ff", "/%zz", "/%2",
        "/%0d%0a",
    ])
    func `A path that could leave its place is 400`(path: String) {
        let error = #expect(throws: APIError.self) { try RequestTarget(path) }
        #expect(error?.status == 400 && error?.code == "bad_path")
    }

    @Test(arguments: ["/?q=%", "/?q=%f", "/?%ff=1", "/?q=%c3"])
    func `A query that cannot be decoded is 400`(target: String) {
        #expect(throws: APIError.self) { try RequestTarget(target) }
    }

    @Test func `Encoding is undone by decoding`() throws {
        let text = "a b/ü?&=%+~"
        #expect(try RequestTarget("/?q=\(PercentCoding.encode(text))").query.items.first?.value == text)
    }
}

@Suite struct CalendarDateTests {
    @Test(
        arguments: [
            (784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"),
            (1_709_251_199_999, "Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59Z"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31T23:59:59Z"),
            (4_107_542_400_000, "Mon, 01 Mar 2100 00:00:00 GMT", "2100-03-01T00:00:00Z"),
        ] as [(Int64, String, String)])
    func `Dates are those of the calendar`(ms: Int64, http: String, iso: String) {
        #expect(CalendarDate(wallMs: ms).http == http)
        #expect(CalendarDate(wallMs: ms).iso8601 == iso)
    }
}
