import Foundation

/// What one process did to its files, in order, as `Tests/DiskTrace/trace.c` wrote it down.
struct DiskTrace {
    /// One thing done to a file or a folder.
    enum Operation {
        case made(path: String)
        case madeFolder(path: String)
        case wrote(path: String, offset: Int, data: [UInt8])
        case cut(path: String, length: Int)
        case synced(path: String)
        case renamed(path: String, to: String)
        case removed(path: String)
    }

    let operations: [Operation]
    /// Behind which byte of the trace each ends.
    let ends: [Int]

    init(_ bytes: [UInt8]) throws {
        var reader = TraceReader(bytes: bytes)
        var (operations, ends): ([Operation], [Int]) = ([], [])
        while !reader.isAtEnd {
            operations.append(try reader.operation())
            ends.append(reader.offset)
        }
        (self.operations, self.ends) = (operations, ends)
    }

    /// How many operations had been done when the trace was so long.
    func count(at length: Int) -> Int { ends.prefix { $0 <= length }.count }
}

private struct TraceReader {
    struct Garbled: Error {}

    let bytes: [UInt8]
    var offset = 0
    var isAtEnd: Bool { offset == bytes.count }

    private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
        guard bytes.count - offset >= count else { throw Garbled() }
        offset += count
        return bytes[offset - count..<offset]
    }

    private mutating func number(_ width: Int) throws -> Int {
        try take(width).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    private mutating func string() throws -> [UInt8] { Array(try take(try number(4))) }

    mutating func operation() throws -> DiskTrace.Operation {
        let kind = try take(1).first ?? 0
        let place = try number(8)
        let path = String(decoding: try string(), as: UTF8.self)
        let other = String(decoding: try string(), as: UTF8.self)
        let data = try string()
        switch UnicodeScalar(kind) {
        case "c": return .made(path: path)
        case "d": return .madeFolder(path: path)
        case "w": return .wrote(path: path, offset: place, data: data)
        case "t": return .cut(path: path, length: place)
        case "s": return .synced(path: path)
        case "r": return .renamed(path: path, to: other)
        case "u": return .removed(path: path)
        default: throw Garbled()
        }
    }
}
