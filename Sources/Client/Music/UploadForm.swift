import HTTP
package import Model

/// The multipart/form-data around a file that is uploaded (RFC 7578): what comes before and after its bytes.
package struct UploadForm: Sendable {
    package let contentType: String
    package let head: [UInt8]
    package let tail: [UInt8]

    /// - Parameter hash: of the file; the boundary is made of it, since no file holds its own hash.
    package init(fileName: String, hash: ContentHash) {
        let boundary = "rondo-\(String(hash.description.prefix(40)))"
        contentType = "multipart/form-data; boundary=\(boundary)"
        let lines = [
            "--\(boundary)", "Content-Disposition: form-data; name=\"file\"; filename=\"\(Self.quoted(fileName))\"",
            "Content-Type: application/octet-stream", "", "",
        ]
        head = Array(lines.joined(separator: "\r\n").utf8)
        tail = Array("\r\n--\(boundary)--\r\n".utf8)
    }

    package func length(ofFile bytes: Int64) -> Int64 { Int64(head.count) + bytes + Int64(tail.count) }

    /// As browsers write a name (WHATWG HTML, multipart/form-data encoding): quote and line ends as percent codes.
    private static func quoted(_ name: String) -> String {
        var text = ""
        for character in name.unicodeScalars {
            switch character {
            case "\"": text += "%22"
            case "\r": text += "%0D"
            case "\n": text += "%0A"
            case "\\": text += "_"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}
