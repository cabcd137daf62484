/// A reading of the machine's clock that log lines bear, in microseconds since 1970: the one clock that all processes
/// of a machine share.
struct WallTime: Hashable, Comparable, Sendable {
    let microseconds: Int64

    static func < (left: WallTime, right: WallTime) -> Bool { left.microseconds < right.microseconds }
    static func - (left: WallTime, right: WallTime) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }
    static func + (time: WallTime, duration: Duration) -> WallTime {
        WallTime(microseconds: time.microseconds + Int64(duration / .microseconds(1)))
    }
}

extension WallTime {
    /// Reads `2026-11-21T04:10:14.123456Z`; nil for anything else.
    init?(_ text: some StringProtocol) {
        let parts = text.split { !$0.isASCII || !$0.isNumber }.compactMap { Int64($0) }
        guard parts.count == 7, text.hasSuffix("Z"), text.utf8.count == 27 else { return nil }
        let (year, month, day) = (parts[0], parts[1], parts[2])
        // Days since 1970, after Howard Hinnant's `days_from_civil`.
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = (shifted / 400, shifted % 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        microseconds = (((days * 24 + parts[3]) * 60 + parts[4]) * 60 + parts[5]) * 1_000_000 + parts[6]
    }
}
