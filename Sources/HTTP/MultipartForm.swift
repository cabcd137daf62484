/// What a form is made of, in the order of its parts.
package enum FormEvent: Hashable, Sendable {
    /// A part without a file name, whole.
    case field(name: String, value: String)
    case fileBegan(name: String, fileName: String, contentType: String)
    case fileBytes(ArraySlice<UInt8>)
    case fileEnded
}

/// Reads `multipart/form-data` (RFC 7578, RFC 2046 §5.1) as it arrives: files in slices, fields whole and bounded.
package struct MultipartForm: Sendable {
    /// Bytes of one part's head.
    package static let partHeadLength = 4 << 10
    /// Bytes of one field's value.
    package static let fieldLength = 4 << 10
    /// Parts of one form.
    package static let partCount = 64

    private enum State {
        /// Before the first boundary.
        case preamble
        /// Right after a boundary: `--` ends the form, a line's end begins a part.
        case boundary
        case head
        case field(name: String, value: [UInt8])
        case file
        /// After the last boundary: whatever follows is dropped.
        case epilogue
    }

    /// CRLF, two dashes and the boundary: what ends a part.
    private let delimiter: [UInt8]
    /// Not consumed yet; it begins as if a line had just ended, so that a boundary may stand at the very start.
    private var pending: [UInt8] = [0x0D, 0x0A]
    private var state = State.preamble
    private var parts = 0

    /// - Parameter contentType: the request's.
    /// - Throws: 415 `unsupported_media_type` when it is no form, 400 `bad_form` without a usable boundary.
    package init(contentType: String?) throws(APIError) {
        guard let type = contentType.flatMap(FormParameters.init), type.value == "multipart/form-data" else {
            throw APIError(
                415, "unsupported_media_type", "Send the file as multipart/form-data, as `curl -F file=@song.mp3` does."
            )
        }
        guard let boundary = type["boundary"], (1...70).contains(boundary.utf8.count),
            boundary.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw APIError(400, "bad_form", "The form's Content-Type has no boundary of 1 to 70 characters.") }
        delimiter = Array("\r\n--\(boundary)".utf8)
    }

    /// Whether the closing boundary has been seen.
    package var isComplete: Bool { if case .epilogue = state { true } else { false } }

    /// Takes the next bytes of the body and adds what they complete to `events`.
    /// - Throws: 400 `bad_form`, 413 `field_too_large`; the form is then of no more use.
    package mutating func feed(_ bytes: ArraySlice<UInt8>, into events: inout [FormEvent]) throws(APIError) {
        pending += bytes
        var start = 0
        while try step(from: &start, into: &events) {}
        pending.removeFirst(start)
    }

    /// To be called at the body's end.
    /// - Throws: 400 `truncated` when the closing boundary is missing.
    package func finish() throws(APIError) {
        guard isComplete else {
            throw APIError(400, "truncated", "The form ended before its closing boundary; nothing was stored.")
        }
    }

    /// Does one thing with the bytes from `start`; false when it needs more of them.
    private mutating func step(from start: inout Int, into events: inout [FormEvent]) throws(APIError) -> Bool {
        switch state {
        case .epilogue:
            start = pending.count
            return false
        case .boundary: return try stepBoundary(from: &start)
        case .head: return try stepHead(from: &start, into: &events)
        case .preamble, .field, .file: return try stepContent(from: &start, into: &events)
        }
    }

    private mutating func stepBoundary(from start: inout Int) throws(APIError) -> Bool {
        guard pending.count - start >= 2 else { return false }
        if pending[start] == 0x2D, pending[start + 1] == 0x2D {
            state = .epilogue
            return true
        }
        var index = start
        while index < pending.count, Characters.isBlank(pending[index]) { index += 1 }
        guard index - start <= 64 else { throw Self.bad("the boundary is followed by other characters") }
        guard pending.count - index >= 2 else { return false }
        guard pending[index] == 0x0D, pending[index + 1] == 0x0A else {
            throw Self.bad("the boundary is followed by other characters")
        }
        parts += 1
        guard parts <= Self.partCount else { throw Self.bad("it has more than \(Self.partCount) parts") }
        // The line's end stays: with it a part without any field ends at once, as `CRLF CRLF`.
        start = index
        state = .head
        return true
    }

    private mutating func stepHead(from start: inout Int, into events: inout [FormEvent]) throws(APIError) -> Bool {
        guard let end = Self.find([0x0D, 0x0A, 0x0D, 0x0A], in: pending, from: start) else {
            guard pending.count - start <= Self.partHeadLength else { throw Self.bad("a part's head is too long") }
            return false
        }
        guard end - start <= Self.partHeadLength else { throw Self.bad("a part's head is too long") }
        let headers = try Self.fields(pending[start..<end])
        start = end + 4
        guard let disposition = headers["Content-Disposition"].flatMap(FormParameters.init),
            disposition.value == "form-data", let name = disposition["name"]
        else { throw Self.bad("a part has no Content-Disposition with a name") }
        if let fileName = disposition.fileName {
            state = .file
            let type = headers["Content-Type"] ?? "application/octet-stream"
            events.append(.fileBegan(name: name, fileName: fileName, contentType: type))
        } else {
            state = .field(name: name, value: [])
        }
        return true
    }

    private mutating func stepContent(from start: inout Int, into events: inout [FormEvent]) throws(APIError) -> Bool {
        let found = Self.find(delimiter, in: pending, from: start)
        // What may be the beginning of a delimiter stays until the rest of it comes.
        let end = found ?? max(start, pending.count - delimiter.count + 1)
        try take(start..<end, into: &events)
        start = end
        guard found != nil else { return false }
        start += delimiter.count
        try endPart(into: &events)
        state = .boundary
        return true
    }

    private mutating func take(_ range: Range<Int>, into events: inout [FormEvent]) throws(APIError) {
        if range.isEmpty { return }
        switch state {
        case .file: events.append(.fileBytes(pending[range]))
        case .field(let name, var value):
            guard value.count + range.count <= Self.fieldLength else {
                throw APIError(413, "field_too_large", "The field \(name) is longer than 4 KiB.")
            }
            value += pending[range]
            state = .field(name: name, value: value)
        default: break
        }
    }

    private func endPart(into events: inout [FormEvent]) throws(APIError) {
        switch state {
        case .file: events.append(.fileEnded)
        case .field(let name, let value):
            guard let text = String(validating: value, as: UTF8.self) else {
                throw Self.bad("the field \(name) is not UTF-8")
            }
            events.append(.field(name: name, value: text))
        default: break
        }
    }

    private static func fields(_ bytes: ArraySlice<UInt8>) throws(APIError) -> Headers {
        var buffer = InputBuffer()
        // The head begins with the end of the boundary's line.
        buffer.append(Array(bytes.dropFirst(2)) + (bytes.count > 2 ? [0x0D, 0x0A, 0x0D, 0x0A] : [0x0D, 0x0A]))
        var parser = FieldParser(after: 0)
        do throws(HTTPError) {
            _ = try parser.parse(&buffer)
        } catch {
            throw bad("a part's head is malformed")
        }
        return parser.headers
    }

    /// The first place at or after `start` where `needle`, which begins with a carriage return, stands whole.
    private static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        let span = bytes.span
        let last = bytes.count - needle.count
        var index = start
        while index <= last {
            if span[index] == 0x0D, span[index + 1] == needle[1],
                bytes[index..<index + needle.count].elementsEqual(needle)
            {
                return index
            }
            index += 1
        }
        return nil
    }

    private static func bad(_ what: String) -> APIError {
        APIError(400, "bad_form", "The form cannot be read: \(what).")
    }
}
