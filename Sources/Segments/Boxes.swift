/// Writes the boxes of ISO base media files (ISO 14496-12 §4.2), each of which begins with its own length.
struct Boxes {
    private(set) var bytes: [UInt8] = []

    var count: Int { bytes.count }

    mutating func raw(_ more: some Sequence<UInt8>) { bytes += more }
    mutating func text(_ text: String) { bytes += text.utf8 }
    mutating func zeros(_ count: Int) { bytes += repeatElement(0, count: count) }

    /// Most significant byte first, as all numbers of these files.
    mutating func number(_ value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    mutating func numbers(_ values: [UInt32]) { for value in values { number(value) } }

    /// - Parameter type: four letters.
    mutating func box(_ type: String, _ content: (inout Boxes) -> Void) {
        let start = count
        number(UInt32(0))
        text(type)
        content(&self)
        replace(at: start, UInt32(count - start))
    }

    /// A box with a version and 24 flags.
    mutating func box(
        _ type: String, version: UInt8, flags: UInt32 = 0, _ content: (inout Boxes) -> Void
    ) {
        box(type) { boxes in
            boxes.number(UInt32(version) << 24 | flags)
            content(&boxes)
        }
    }

    /// A descriptor of MPEG-4 systems (ISO 14496-1 §8.3.3): a tag, its length in groups of 7 bits, its content.
    mutating func descriptor(_ tag: UInt8, _ content: [UInt8]) {
        number(tag)
        let groups = content.count < 1 << 7 ? 1 : content.count < 1 << 14 ? 2 : 3
        for group in (0..<groups).reversed() {
            number(UInt8(content.count >> (7 * group) & 127) | (group > 0 ? 128 : 0))
        }
        raw(content)
    }

    /// Fills in what was not known when its place was written.
    mutating func replace(at offset: Int, _ value: UInt32) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (24 - 8 * index)) }
    }
}
