package import Model
package import Platform
package import Ring

/// The headers of the chunk requests between servers.
package enum ChunkMessage {
    /// `chunkPut`: the body is the chunk. The answer says that it is on disk, and for which recordings.
    package struct Put: Codable, Sendable {
        package var hash: ContentHash
        /// The recordings it is stored for; none where they are not known.
        package var recordings: [ContentHash]?
        /// Whether it comes from an uploader: then it is kept for a lease's time.
        package var isUpload: Bool?
    }

    /// `chunkRead`: the answer's body is at most `length` bytes from `offset`.
    package struct Read: Codable, Hashable, Sendable {
        package var hash: ContentHash
        package var offset: Int
        package var length: Int

        package init(hash: ContentHash, offset: Int, length: Int) {
            self.hash = hash
            self.offset = offset
            self.length = length
        }
    }

    /// `chunkHave`: which of these, at most `maximumHashes`, are held?
    package struct Have: Codable, Sendable {
        package static let maximumHashes = 2048
        package var hashes: [ContentHash]
        /// Whether those that are held are to be kept for a lease's time.
        package var lease: Bool?
        /// What the asker knows of them: a copy counts when its holder knows as well why it is kept, and now it does.
        package var references: [ChunkReference]?
    }

    /// `chunkReceipt`: the asker is about to free its copies: which of these, at most `maximumHashes`, are held,
    /// whole, and will be kept for a lease's time? Answered by `Held`.
    package struct Receipt: Codable, Sendable {
        package static let maximumHashes = 64
        package var hashes: [ContentHash]
        /// The token that the asker holds; refused where a later one is known.
        package var token: TokenMark
    }

    /// `chunkNeed`: which of these chunks does a song that is alive need, by your catalogue? Answered by `Needed`.
    package struct Need: Codable, Sendable {
        package static let maximumReferences = 4096
        package var chunks: [ContentHash]
        /// What the asker knows of them.
        package var references: [ChunkReference]
        package var token: TokenMark
    }

    /// The answer to `chunkNeed`, in the order of the question's chunks: a recording that is alive and needs the chunk,
    /// else one that the asker did not name and may need it, else nil.
    package struct Needed: Codable, Sendable {
        package var recordings: [ContentHash?]
    }

    /// The answer to `chunkHave`, in the order of the question.
    package struct Held: Codable, Sendable {
        package var held: [Bool]
    }

    /// `chunkVerify`: somebody read wrong bytes; look at your copy.
    package struct Verify: Codable, Sendable {
        package var hash: ContentHash
    }
}

/// A stream asks thousands of times a second for parts of chunks: this one message is written and read without a
/// general coder.
extension ChunkMessage.Read {
    private static let parts = (Array(#"{"hash":""#.utf8), Array(#"","length":"#.utf8), Array(#","offset":"#.utf8))

    /// The same bytes as `WireJSON` gives.
    package var encoded: [UInt8] {
        var bytes = Self.parts.0
        bytes.reserveCapacity(128)
        bytes += hash.description.utf8
        bytes += Self.parts.1
        bytes += String(length).utf8
        bytes += Self.parts.2
        bytes += String(offset).utf8
        bytes.append(0x7D)
        return bytes
    }

    /// Reads what `encoded` gives; nil for any other way to say the same, which `WireJSON` reads.
    package init?(encoded bytes: [UInt8]) {
        let (first, second, third) = Self.parts
        let hashEnd = first.count + 64
        guard bytes.count > hashEnd + second.count + third.count, bytes.starts(with: first),
            bytes[hashEnd...].starts(with: second),
            let hash = ContentHash(String(decoding: bytes[first.count..<hashEnd], as: UTF8.self))
        else { return nil }
        var rest = bytes[(hashEnd + second.count)...]
        guard let length = Self.number(&rest), rest.starts(with: third) else { return nil }
        rest = rest.dropFirst(third.count)
        guard let offset = Self.number(&rest), Array(rest) == [0x7D] else { return nil }
        self.init(hash: hash, offset: offset, length: length)
    }

    /// Up to fifteen digits.
    private static func number(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        let digits = bytes.prefix { (0x30...0x39).contains($0) }
        guard (1...15).contains(digits.count), digits.count == 1 || digits.first != 0x30 else { return nil }
        bytes = bytes.dropFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
