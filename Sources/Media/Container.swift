/// The file formats that Rondo keeps (the spec, §5), told by their first bytes alone: the file's name says nothing.
enum Container: String {
    case mp3, flac, ogg, mp4, adts, wav, aiff

    /// The one demuxer of libav that may touch such a file.
    var demuxer: String {
        switch self {
        case .mp3: "mp3"
        case .flac: "flac"
        case .ogg: "ogg"
        case .mp4: "mov"
        case .adts: "aac"
        case .wav: "wav"
        case .aiff: "aiff"
        }
    }

    var contentType: String {
        switch self {
        case .mp3: "audio/mpeg"
        case .flac: "audio/flac"
        case .ogg: "audio/ogg"
        case .mp4: "audio/mp4"
        case .adts: "audio/aac"
        case .wav: "audio/wav"
        case .aiff: "audio/aiff"
        }
    }

    /// - Returns: the format, and of MP3 and ADTS the first frame's header.
    /// - Throws: what the file is instead.
    static func detect(_ file: UploadedFile) throws(Refusal) -> (container: Container, frame: FrameHeader?) {
        guard file.length > 0 else { throw .empty }
        let start = file.endOfLeadingTags
        guard start < file.length else { throw .truncated("it ends within its tags") }
        let head = file.read(at: start, count: 16)
        if head.starts(with: "fLaC".utf8) { return (.flac, nil) }
        if start == 0, let container = try detect(head) { return (container, nil) }
        if let frame = firstFrame(of: file, from: start) { return (frame.kind == .layer3 ? .mp3 : .adts, frame) }
        throw refusal(file, from: start)
    }

    private static func detect(_ head: [UInt8]) throws(Refusal) -> Container? {
        let type = String(decoding: head.dropFirst(8).prefix(4), as: UTF8.self)
        if head.starts(with: "OggS".utf8) { return .ogg }
        if head.starts(with: "RIFF".utf8) && type == "WAVE" { return .wav }
        if head.starts(with: "FORM".utf8) && (type == "AIFF" || type == "AIFC") { return .aiff }
        if head.dropFirst(4).starts(with: "ftyp".utf8) { return .mp4 }
        for (magic, name, isAudio) in foreign where head.starts(with: magic) {
            throw isAudio ? .unsupported(name) : .notAudio("it is \(name)")
        }
        return nil
    }

    /// Frames of MP3 or ADTS begin right after the tags, or after some rubbish, which must then be followed by a longer
    /// run.
    private static func firstFrame(of file: UploadedFile, from start: Int64) -> FrameHeader? {
        if let frame = file.frameRun(at: start, wanted: 4) { return frame }
        let window = file.read(at: start, count: 64 << 10)
        for index in window.indices.dropFirst() where window[index] == 0xFF {
            guard let frame = FrameHeader(window[index...]) else { continue }
            let offset = start + Int64(index)
            guard offset + Int64(frame.length) * 12 < file.length else { continue }
            if let frame = file.frameRun(at: offset, wanted: 12) { return frame }
        }
        return nil
    }

    private static func refusal(_ file: UploadedFile, from start: Int64) -> Refusal {
        if start > 0 { return .notAudio("no MP3, AAC or FLAC audio follows its tags") }
        if file.frame(at: 0) != nil { return .truncated("no whole run of MP3 or AAC frames is in it") }
        let head = file.read(at: 0, count: 4)
        if head.starts(with: "RIFF".utf8) || head.starts(with: "FORM".utf8) || "fLaC".utf8.starts(with: head)
            || "OggS".utf8.starts(with: head)
        {
            return .truncated("it ends within its header")
        }
        return .notAudio("nothing in it is audio of a known format")
    }

    /// Other files by their magic numbers, so that the message can say what somebody uploaded.
    private static let foreign: [(magic: [UInt8], name: String, isAudio: Bool)] = [
        (Array("MAC ".utf8), "Monkey's Audio", true),
        (Array("wvpk".utf8), "WavPack", true), (Array("DSD ".utf8), "DSD", true), (Array("MThd".utf8), "MIDI", true),
        (Array("#!AMR".utf8), "AMR", true), (Array("RF64".utf8), "RF64", true), (Array("MPCK".utf8), "Musepack", true),
        (Array("caff".utf8), "Core Audio", true), ([0x30, 0x26, 0xB2, 0x75], "Windows Media", true),
        ([0x1A, 0x45, 0xDF, 0xA3], "Matroska or WebM", true), ([0x00, 0x00, 0x01, 0xBA], "an MPEG film", false),
        ([0x89, 0x50, 0x4E, 0x47], "a PNG picture", false), ([0xFF, 0xD8, 0xFF], "a JPEG picture", false),
        (Array("GIF8".utf8), "a GIF picture", false), (Array("%PDF".utf8), "a PDF document", false),
        (Array("PK\u{3}\u{4}".utf8), "a ZIP archive", false), ([0x1F, 0x8B], "a gzip archive", false),
        ([0x7F, 0x45, 0x4C, 0x46], "a program", false),
    ]
}
