internal import CLinux
internal import Glibc
internal import Platform

/// Bytes in a file without a name, sealed: neither this process nor another can change one of them, so that what was
/// verified before the seal is what a listener gets.
///
/// `sendfile` hands the kernel's own pages to the connection. With the file on the disk it could not be so: between the
/// check and the last acknowledgement anybody may write into that, or cut it short.
final class SealedMemory: HeldBytes {
    let count: Int
    let file: Int32

    /// - Returns: nil where the system has no memory or no descriptor left for it.
    init?(_ bytes: [UInt8]) {
        let file = rondo_memory_file()
        guard file >= 0 else { return nil }
        var done = 0
        while done < bytes.count {
            // Safe because pwrite(2) reads at most the rest of the array during the call.
            let result = unsafe bytes.withUnsafeBytes { buffer in
                unsafe rondo_result(pwrite(file, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done, done))
            }
            if result == -EINTR { continue }
            if result <= 0 { break }
            done += Int(result)
        }
        guard done == bytes.count, rondo_seal(file) >= 0 else {
            close(file)
            return nil
        }
        self.file = file
        count = bytes.count
    }

    deinit { close(file) }

    func copy(_ range: Range<Int>) -> [UInt8] {
        invariant(range.lowerBound >= 0 && range.upperBound <= count, "bytes outside of a held range")
        return unsafe [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
            while filled < range.count, let start = buffer.baseAddress {
                // Safe because pread(2) writes at most the rest of the buffer, and only what it wrote is counted.
                let result = unsafe pread(file, start + filled, range.count - filled, range.lowerBound + filled)
                invariant(result > 0 || errno == EINTR, "the system's memory cannot be read, error \(errno)")
                filled += max(0, result)
            }
        }
    }

    /// Hands a part of them to a socket.
    /// - Returns: how many bytes it took, or a negative error number.
    func send(_ range: Range<Int>, to socket: Int32) -> Int32 {
        rondo_send_file(socket, file, Int64(range.lowerBound), range.count)
    }
}
