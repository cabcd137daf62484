/// The outermost boxes of an MP4 file (ISO 14496-12 §4.2), followed to see that all of it is there.
enum BoxLayout {
    /// - Throws: `truncated` when a box ends beyond the file or the index of the audio is missing.
    static func check(_ file: UploadedFile) throws(Refusal) {
        var offset: Int64 = 0
        var types: Set<String> = []
        while offset + 8 <= file.length {
            let type = file.read(at: offset + 4, count: 4)
            guard type.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0xA9 }) else { break }
            guard let size = boxSize(file, at: offset) else { break }
            guard size <= file.length - offset else {
                throw .truncated("a part of it ends \(size - (file.length - offset)) bytes beyond its end")
            }
            types.insert(String(decoding: type, as: UTF8.self))
            offset += size
        }
        guard types.contains("moov") else { throw .truncated("the index of its audio is missing") }
        guard types.contains("mdat") else { throw .truncated("it has no samples") }
    }

    /// Nil for what is no box.
    private static func boxSize(_ file: UploadedFile, at offset: Int64) -> Int64? {
        guard let size = file.bigEndian(at: offset, bytes: 4) else { return nil }
        switch size {
        case 0: return file.length - offset
        case 1:
            guard let large = file.bigEndian(at: offset + 8, bytes: 8), large >= 16 else { return nil }
            return Int64(clamping: large)
        case 2..<8: return nil
        default: return Int64(size)
        }
    }
}
