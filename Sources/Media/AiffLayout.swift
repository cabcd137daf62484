/// The chunks of an AIFF or AIFF-C file (Apple, Audio Interchange File Format AIFF-C, 1991).
struct AiffLayout {
    /// The `COMM` chunk's content.
    let format: [UInt8]

    /// - Throws: `truncated` when a chunk promises more than is there, or when format or samples are missing.
    init(_ file: UploadedFile) throws(Refusal) {
        var offset: Int64 = 12
        var format: [UInt8] = []
        var hasSamples = false
        while let size = file.bigEndian(at: offset + 4, bytes: 4) {
            let type = file.text(at: offset, count: 4)
            let start = offset + 8
            guard start + Int64(size) <= file.length else {
                // What stands behind the samples may be anything; what stands before them is needed.
                if hasSamples && !format.isEmpty { break }
                throw .truncated("its header promises \(size) bytes and \(file.length - start) are there")
            }
            if type == "COMM" { format = file.read(at: start, count: min(Int(size), 256)) }
            if type == "SSND" { hasSamples = size > 8 }
            offset = start + Int64(size) + Int64(size & 1)
        }
        guard !format.isEmpty else { throw .truncated("the format of its samples is missing") }
        guard hasSamples else { throw .truncated("it has no samples") }
        self.format = format
    }
}
