/// The chunks of a RIFF/WAVE file (Microsoft, Multimedia Programming Interface 1.0, 1991).
struct WaveLayout {
    /// The `fmt ` chunk's content.
    let format: [UInt8]

    /// - Throws: `truncated` when the data chunk promises more than is there.
    init(_ file: UploadedFile) throws(Refusal) {
        var offset: Int64 = 12
        var format: [UInt8] = []
        while let size = file.littleEndian(at: offset + 4, bytes: 4) {
            let type = file.text(at: offset, count: 4)
            let start = offset + 8
            if type == "fmt " { format = file.read(at: start, count: min(Int(size), 256)) }
            if type == "data" {
                // A writer to a pipe cannot come back to fill in the length.
                let unknown = size == 0xFFFF_FFFF || (size == 0 && start < file.length)
                guard unknown || start + Int64(size) <= file.length else {
                    let rest = file.length - start
                    throw .truncated("its header promises \(size) bytes of samples and \(rest) are there")
                }
                guard !format.isEmpty else { throw .truncated("it has no format before its samples") }
                self.format = format
                return
            }
            offset = start + Int64(size) + Int64(size & 1)
        }
        throw .truncated("it has no samples")
    }
}
