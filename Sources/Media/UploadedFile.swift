internal import Glibc

/// The bytes of an upload behind an open, seekable file descriptor; the parser never learns a path.
package final class UploadedFile {
    private let descriptor: Int32

    /// In bytes, as it was when the file was opened.
    package let length: Int64

    /// Where the next sequential read begins, as libav's reader moves it.
    var cursor: Int64 = 0

    /// The end that libav gets to see; a trailing tag that its parsers take for audio lies behind it.
    var visibleLength: Int64

    /// - Returns: nil when the descriptor cannot be seeked.
    package init?(descriptor: Int32) {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { return nil }
        self.descriptor = descriptor
        length = Int64(end)
        visibleLength = length
    }

    /// Up to `count` bytes at `offset`; fewer at the end, none outside the file.
    func read(at offset: Int64, count: Int) -> [UInt8] {
        guard offset >= 0, offset < length, count > 0 else { return [] }
        let wanted = Int(min(Int64(count), length - offset))
        // Safe because exactly `capacity` bytes belong to the buffer, and `fill` writes no more and says how many.
        return unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
            filled = unsafe fill(UnsafeMutableRawBufferPointer(buffer), at: offset)
        }
    }

    /// Reads into `buffer` until it is full or the file ends; returns the number of bytes, also after an error.
    func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int {
        var done = 0
        while done < buffer.count {
            // Safe because the slice from `done` on lies inside the buffer.
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = unsafe pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(done))
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            done += count
        }
        return done
    }

    func text(at offset: Int64, count: Int) -> String {
        String(decoding: read(at: offset, count: count), as: UTF8.self)
    }

    /// A number of up to 8 bytes, most significant first; nil past the end.
    func bigEndian(at offset: Int64, bytes count: Int) -> UInt64? {
        let bytes = read(at: offset, count: count)
        return bytes.count == count ? bytes.reduce(0) { $0 << 8 | UInt64($1) } : nil
    }

    /// A number of up to 8 bytes, least significant first; nil past the end.
    func littleEndian(at offset: Int64, bytes count: Int) -> UInt64? {
        let bytes = read(at: offset, count: count)
        return bytes.count == count ? bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } : nil
    }
}
