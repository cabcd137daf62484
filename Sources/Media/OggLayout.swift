internal import Model

/// The pages of an Ogg file (RFC 3533 §6), followed to see that all of it is there and where audio may be cut.
struct OggLayout {
    /// The most bytes that a page can have: 27 of header, 255 of segment table and 255 segments of 255.
    static let maximumPageLength = 27 + 255 + 255 * 255

    /// One of the songs that lie behind each other in a chained file (RFC 3533 §4); most files have one.
    struct Link {
        /// Where its first page begins.
        let start: Int64
        /// The position after its last sample that is heard, where 0 is the first one.
        let endSample: Int64
    }

    /// In their order, at least one.
    let links: [Link]
    /// Where the last page of the audio ends.
    let end: Int64
    /// The content of each page of the audio: where it begins in the file, and its length.
    private let contents: [(start: Int64, length: Int32)]

    /// - Throws: `unsupported_format` for another codec or for songs that one decoder could not play one after the
    ///   other, `truncated` without the page that ends the audio.
    init(_ file: UploadedFile) throws(Refusal) {
        var offset: Int64 = 0
        var links: [Link] = []
        var first: OggAudio?
        var audio: (head: OggAudio, serial: UInt32)?
        var start: Int64 = 0
        var end: Int64 = 0
        var contents: [(start: Int64, length: Int32)] = []
        while let page = OggPage(file, at: offset), page.end <= file.length {
            if page.isFirst, let head = try OggAudio(file, page), audio == nil {
                guard head.continues(first ?? head) else { throw .unsupported("An Ogg file of songs of several kinds") }
                first = first ?? head
                audio = (head, page.serial)
                if !links.isEmpty { start = page.start }
            }
            if page.serial == audio?.serial { contents.append((page.body, Int32(page.end - page.body))) }
            if page.isLast, let ended = audio, page.serial == ended.serial {
                let endSample = page.granule.subtractingReportingOverflow(ended.head.preSkip).partialValue
                links.append(Link(start: start, endSample: endSample))
                audio = nil
                end = page.end
            }
            offset = page.end
        }
        guard first != nil else {
            throw offset > 0
                ? .unsupported("Ogg audio other than Vorbis and Opus") : .truncated("its first page ends early")
        }
        guard audio == nil else { throw .truncated("the page that ends the audio is missing after byte \(offset)") }
        self.links = links
        self.end = end
        self.contents = contents
    }

    /// The pages from the one at `offset` on, as a packet list has them; empty where their contents do not make up
    /// `length` bytes.
    func pages(from offset: Int64, length: Int64) -> [PacketList.Page] {
        var pages: [PacketList.Page] = []
        var position = offset
        var total: Int64 = 0
        for content in contents where content.start > offset {
            pages.append(PacketList.Page(gap: Int(content.start - position), length: Int(content.length)))
            position = content.start + Int64(content.length)
            total += Int64(content.length)
        }
        return total == length ? pages : []
    }
}

/// The head of an audio stream, the first packet on its first page.
struct OggAudio {
    private let codec: String
    private let channels: UInt8
    /// Little-endian, as it stands there.
    private let sampleRate: [UInt8]
    /// The samples that Opus drops at the start (RFC 7845 §5.1), 0 for Vorbis.
    let preSkip: Int64

    /// Whether one decoder plays both, one after the other.
    func continues(_ other: OggAudio) -> Bool {
        codec == other.codec && channels == other.channels && (codec == "opus" || sampleRate == other.sampleRate)
    }

    /// Nil for a stream that is neither Vorbis nor Opus.
    init?(_ file: UploadedFile, _ page: OggPage) throws(Refusal) {
        let head = file.read(at: page.body, count: 16)
        if head.dropFirst().starts(with: "theora".utf8) { throw .unsupported("A film") }
        guard head.count == 16 else { return nil }
        if head.starts(with: "\u{1}vorbis".utf8) {
            (codec, channels, sampleRate, preSkip) = ("vorbis", head[11], Array(head[12..<16]), 0)
        } else if head.starts(with: "OpusHead".utf8) {
            (codec, channels, sampleRate) = ("opus", head[9], [])
            preSkip = Int64(head[11]) << 8 | Int64(head[10])
        } else {
            return nil
        }
    }
}

/// One page's header.
struct OggPage {
    let serial: UInt32
    /// The codec's position after the last packet that ends in the page.
    let granule: Int64
    let isContinued: Bool
    let isFirst: Bool
    let isLast: Bool
    let start: Int64
    let body: Int64
    let end: Int64

    /// - Returns: nil when no page begins at `offset`.
    init?(_ file: UploadedFile, at offset: Int64) {
        let head = file.read(at: offset, count: 27 + 255)
        guard head.count >= 27, head.starts(with: "OggS".utf8), head[4] == 0 else { return nil }
        let segments = Int(head[26])
        guard head.count >= 27 + segments else { return nil }
        isContinued = head[5] & 1 != 0
        isFirst = head[5] & 2 != 0
        isLast = head[5] & 4 != 0
        serial = head[14..<18].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        granule = Int64(bitPattern: head[6..<14].reversed().reduce(0) { $0 << 8 | UInt64($1) })
        start = offset
        body = offset + 27 + Int64(segments)
        end = body + head[27..<(27 + segments)].reduce(0) { $0 + Int64($1) }
    }
}
