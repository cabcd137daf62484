/// A song's integrated loudness (EBU R 128): about -23 for broadcast, -8 for what was made to be loud.
package struct Loudness: Hashable, Comparable, Sendable {
    /// In hundredths of a LUFS.
    package let hundredths: Int32

    package init(hundredths: Int32) { self.hundredths = hundredths }

    /// - Parameter lufs: rounded to hundredths; what lies beyond -200 and 100 is no music.
    package init(lufs: Double) { hundredths = Int32((max(-200, min(100, lufs)) * 100).rounded()) }

    package var lufs: Double { Double(hundredths) / 100 }

    package static func < (left: Loudness, right: Loudness) -> Bool { left.hundredths < right.hundredths }
}
