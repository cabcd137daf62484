internal import CLinux
internal import Glibc
package import Platform
internal import Synchronization

/// Where log lines go: one line a record, to a descriptor, in one write.
///
/// A reader that is stuck shall not stop the server: a line that would have to wait is dropped, and the next one that
/// goes out says how many were.
package final class LogSink: Sendable {
    /// Lines for people, or one JSON object a line for collectors.
    package enum Format: String, Sendable { case text, json }

    private let descriptor: Int32
    private let format: Format
    private let server: String
    private let lost = Atomic<Int>(0)

    /// What a pipe takes at once or not at all (PIPE_BUF, pipe(7)).
    private static let maximumLine = 4_096

    /// - Parameters:
    ///   - server: the id that each line bears; empty for none.
    ///   - descriptor: stays open as long as the process: standard error, or standard output.
    package init(_ format: Format, server: String, descriptor: Int32 = STDERR_FILENO) {
        self.format = format
        self.server = server
        self.descriptor = descriptor
    }

    /// A logger that writes here.
    package func logger(level: LogLevel) -> Logger {
        Logger(level: level) { self.write(LogRecord(time: rondo_wall_us(), level: $0, message: $1, fields: $2)) }
    }

    private func write(_ record: LogRecord) {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // Safe because poll(2) looks at one record, and at once.
        guard unsafe poll(&waiting, 1, 0) == 1, waiting.revents & Int16(POLLOUT) != 0 else {
            lost.add(1, ordering: .relaxed)
            return
        }
        var record = record
        let missing = lost.exchange(0, ordering: .relaxed)
        if missing > 0 { record.fields.append(("lostLines", String(missing))) }
        if !server.isEmpty { record.fields.insert(("server", server), at: 0) }
        let line = format == .text ? record.text : record.json
        let bytes = line.utf8.count < Self.maximumLine ? Array(line.utf8) : record.shortened(Self.maximumLine, format)
        let newline = UInt8(ascii: "\n")
        unsafe (bytes + [newline]).withUnsafeBytes { buffer in
            // Safe because write(2) reads the buffer during the call.
            if unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count) < 0 {
                lost.add(1, ordering: .relaxed)
            }
        }
    }
}
