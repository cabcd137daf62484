internal import CLinux
internal import Glibc

/// How this process uses memory.
package enum ProcessMemory {
    /// Makes malloc(3) give memory back: two arenas instead of eight per core, and large blocks as mappings of their
    /// own, which go at their release. To be called first thing, before there are threads.
    ///
    /// The parts of songs, 256 KiB, are not large: a stream takes thousands of them a second, and each new mapping
    /// costs a fault and a page of zeros for every 4 KiB.
    package static func tune() {
        _ = mallopt(M_ARENA_MAX, 2)
        _ = mallopt(M_MMAP_THRESHOLD, 512 << 10)
        _ = mallopt(M_TRIM_THRESHOLD, 2 << 20)
    }

    /// Gives back what lies free inside the heap: for after a burst.
    package static func trim() { _ = malloc_trim(0) }

    /// The resident set in bytes (VmRSS), 0 when the system does not say.
    package static func resident() -> Int {
        guard let file = try? Descriptor(unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) else { return 0 }
        let (bytes, _) = unsafe Buffer.read(atMost: 256) { buffer in
            // Safe because read(2) writes at most the buffer's size.
            Int32(unsafe read(file.number, buffer.baseAddress, buffer.count))
        }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * Int(getpagesize())
    }
}
