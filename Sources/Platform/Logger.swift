/// How much a log line matters.
package enum LogLevel: Int, Comparable, Sendable, CaseIterable {
    case debug, info, warning, error

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
    package var name: String { ["debug", "info", "warning", "error"][rawValue] }
    package init?(name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }
}

/// Writes log lines: a fixed message, and what varies as fields. Keys are never logged; song titles are not either.
package struct Logger: Sendable {
    package let level: LogLevel
    private let write: @Sendable (LogLevel, String, [(String, String)]) -> Void

    /// - Parameter write: gets every line of `level` or above; the program renders it as text or JSON.
    package init(level: LogLevel, write: @escaping @Sendable (LogLevel, String, [(String, String)]) -> Void) {
        self.level = level
        self.write = write
    }

    package static let none = Logger(level: .error) { _, _, _ in }

    package func log(
        _ level: LogLevel, _ message: String,
        _ fields: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible>
    ) {
        guard level >= self.level else { return }
        write(level, message, fields().map { ($0.key, $0.value.description) })
    }

    package func debug(
        _ message: String, _ fields: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible> = [:]
    ) {
        log(.debug, message, fields())
    }
    package func info(
        _ message: String, _ fields: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible> = [:]
    ) {
        log(.info, message, fields())
    }
    package func warning(
        _ message: String, _ fields: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible> = [:]
    ) {
        log(.warning, message, fields())
    }
    package func error(
        _ message: String, _ fields: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible> = [:]
    ) {
        log(.error, message, fields())
    }
}
