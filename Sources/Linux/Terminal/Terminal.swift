internal import CLinux
internal import Glibc

/// The three standard streams of this process.
package enum StandardStream: Int32, Sendable {
    case input = 0
    case output = 1
    case error = 2
}

/// What the person at the terminal sees and types.
package enum Terminal {
    /// Writes all of `bytes`, waiting where the reader is slow.
    /// - Returns: 0, or the error number: `EPIPE` when nobody reads any more.
    @discardableResult
    package static func write(_ bytes: ArraySlice<UInt8>, to stream: StandardStream) -> Int32 {
        write(bytes, to: stream.rawValue)
    }

    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int32 {
        var rest = bytes
        while !rest.isEmpty {
            // Safe because the buffer is used within the call only.
            let written = unsafe rest.withUnsafeBytes { buffer in
                unsafe rondo_result(Glibc.write(descriptor, buffer.baseAddress, buffer.count))
            }
            if written > 0 {
                rest = rest.dropFirst(Int(written))
            } else if written == -EAGAIN {
                // Somebody gave us a non-blocking stream; this waits until it takes more.
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe Glibc.poll(&poll, 1, -1)
            } else if written != -EINTR {
                return -written
            }
        }
        return 0
    }

    /// Writes a text; an error is left out, since there is nobody to tell.
    package static func write(_ text: String, to stream: StandardStream = .output) {
        write(Array(text.utf8)[...], to: stream)
    }

    package static func isTerminal(_ stream: StandardStream) -> Bool { isatty(stream.rawValue) == 1 }

    /// The width of the terminal behind `stream` in columns; 80 where it is none.
    package static func columns(of stream: StandardStream) -> Int {
        var size = winsize()
        // Safe because TIOCGWINSZ fills a winsize and nothing else.
        guard unsafe rondo_window_size(stream.rawValue, &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
