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
    package struct Read: Codable, Sendable {
        package var hash: ContentHash
        package var offset: Int
        package var length: Int
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
