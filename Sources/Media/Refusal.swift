/// Why a file is not taken: the code and message of the API's error (the spec, §5).
package struct Refusal: Error, Hashable, Sendable, Codable {
    /// `empty`, `not_audio`, `truncated`, `unsupported_format` or `too_long`.
    package let code: String
    package let message: String

    package static let empty = Refusal(code: "empty", message: "The file is empty.")

    package static func notAudio(_ what: String) -> Refusal {
        Refusal(code: "not_audio", message: "This is no audio file: \(what).")
    }

    package static func truncated(_ what: String) -> Refusal {
        Refusal(code: "truncated", message: "The file is cut off or damaged: \(what). Upload the whole file.")
    }

    package static func unsupported(_ what: String) -> Refusal {
        Refusal(
            code: "unsupported_format",
            message: """
                \(what) cannot be kept. Upload MP3, FLAC, Ogg Vorbis, Opus, M4A (AAC or ALAC), AAC, WAV or AIFF.
                """)
    }

    package static let tooLong = Refusal(
        code: "too_long", message: "The recording is longer than 24 hours. Upload it in parts.")
}
