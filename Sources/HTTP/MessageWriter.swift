/// Writes heads as bytes.
package enum MessageWriter {
    /// A response's head with the empty line; a control character in a value becomes a space, so none can end its line.
    package static func response(status: Int, headers: Headers) -> [UInt8] {
        head("HTTP/1.1 \(status) \(reason(status))", headers)
    }

    /// A request's head with the empty line.
    /// - Parameter target: a path and query, percent-encoded already.
    package static func request(method: String, target: String, headers: Headers) -> [UInt8] {
        head("\(method) \(target) HTTP/1.1", headers)
    }

    /// The head of one chunk of a chunked body; CRLF follows the bytes.
    package static func chunkHead(length: Int) -> [UInt8] { Array("\(String(length, radix: 16))\r\n".utf8) }

    private static func head(_ line: String, _ headers: Headers) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        bytes += safe(line)
        bytes += [0x0D, 0x0A]
        for field in headers.fields {
            bytes += field.name.utf8.filter(Characters.isToken)
            bytes += [0x3A, 0x20]
            bytes += safe(field.value)
            bytes += [0x0D, 0x0A]
        }
        bytes += [0x0D, 0x0A]
        return bytes
    }

    private static func safe(_ text: String) -> [UInt8] { text.utf8.map { Characters.isFieldValue($0) ? $0 : 0x20 } }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 200: "OK"
        case 201: "Created"
        case 204: "No Content"
        case 206: "Partial Content"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 422: "Unprocessable Content"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        default: "Status"
        }
    }
}
