/// A moment as a date of the proleptic Gregorian calendar in UTC, for the forms that HTTP and JSON want.
package struct CalendarDate: Hashable, Sendable {
    package let year: Int64
    package let month: Int
    package let day: Int
    package let secondOfDay: Int
    private let millisecond: Int
    /// 0 is Thursday, as 1 January 1970 was.
    private let weekday: Int

    /// - Parameter wallMs: milliseconds since 1970, within ±10,000 years.
    package init(wallMs: Int64) {
        let seconds = wallMs.quotientRoundedDown(by: 1000)
        millisecond = Int(wallMs - seconds * 1000)
        let days = seconds.quotientRoundedDown(by: 86_400)
        secondOfDay = Int(seconds - days * 86_400)
        weekday = Int(days - days.quotientRoundedDown(by: 7) * 7)
        // Howard Hinnant's civil_from_days: eras of 400 years that begin on 1 March.
        let shifted = days + 719_468
        let era = shifted.quotientRoundedDown(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
    package var http: String {
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(weekdays[weekday]), \(padded(day)) \(months[month - 1]) \(year) \(time) GMT"
    }

    /// `1994-11-06T08:49:37Z` (ISO 8601, RFC 3339).
    package var iso8601: String { "\(year)-\(padded(month))-\(padded(day))T\(time)Z" }

    /// `1994-11-06T08:49:37.250Z`.
    package var iso8601Precise: String {
        let digits = String(1000 + millisecond).dropFirst()
        return "\(year)-\(padded(month))-\(padded(day))T\(time).\(digits)Z"
    }

    private var time: String {
        "\(padded(secondOfDay / 3600)):\(padded(secondOfDay / 60 % 60)):\(padded(secondOfDay % 60))"
    }

    private func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
}

extension Int64 {
    fileprivate func quotientRoundedDown(by divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : -((divisor - 1 - self) / divisor)
    }
}
