package import Model

/// The headers of the chunk requests between servers.
package enum ChunkMessage {
    /// `chunkPut`: the body is the chunk. The answer says that it is on disk.
    package struct Put: Codable, Sendable {
        package var hash: ContentHash
    }

    /// `chunkRead`: the answer's body is at most `length` bytes from `offset`.
    package struct Read: Codable, Sendable {
        package var hash: ContentHash
        package var offset: Int
        package var length: Int
    }

    /// `chunkHave`: which of these, at most `maximumHashes`, are held?
    package struct Have: Codable, Sendable {
        package static let maximumHashes = 2048
        package var hashes: [ContentHash]
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
