internal import CAV

/// What the parser's process takes away from itself before it touches a byte of an upload.
///
/// A crafted file may make a parser loop, ask for all memory or worse; it then costs this one process and this one
/// upload.
package enum ProcessLimits {
    /// Address space for data, in bytes: starting libav needs 64 MB, the largest index and cover some more.
    private static let data: UInt = 256 << 20
    /// 0 to 3 are open; nothing else ever will be.
    private static let files: UInt = 8

    /// - Parameter cpuSeconds: after which the process is ended.
    /// - Returns: false when the system refuses one of them; then nothing should be parsed.
    package static func apply(cpuSeconds: UInt) -> Bool {
        let results = [
            rondo_confine(), rondo_limit_data(data), rondo_limit_cpu(cpuSeconds), rondo_limit_core(),
            rondo_limit_files(files), rondo_limit_file_size(),
        ]
        return results.allSatisfy { $0 == 0 }
    }
}
