/// Lets through what of a run of the original belongs to a segment, and leaves out what is the container's.
package struct PieceFilter: Sendable {
    /// What is still to come, in order.
    private var pieces: ArraySlice<Range<Int64>>
    /// The next byte of the original that will be seen.
    private var position: Int64

    /// Nil where there is nothing to let through.
    package init?(_ pieces: [Range<Int64>]) {
        guard let first = pieces.first, let last = pieces.last else { return nil }
        self.pieces = pieces[...]
        position = first.lowerBound
        span = first.lowerBound..<last.upperBound
    }

    /// The bytes of the original that have to be read.
    package let span: Range<Int64>

    /// - Parameter bytes: those of `span` that follow the ones passed before.
    package mutating func pass(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = position
        position += Int64(bytes.count)
        if let piece = pieces.first, piece.lowerBound <= start, piece.upperBound >= position { return bytes }
        var passed: [UInt8] = []
        passed.reserveCapacity(bytes.count)
        while let piece = pieces.first, piece.lowerBound < position {
            let from = bytes.startIndex + Int(max(piece.lowerBound, start) - start)
            let to = bytes.startIndex + Int(min(piece.upperBound, position) - start)
            if from < to { passed += bytes[from..<to] }
            if piece.upperBound > position { break }
            pieces.removeFirst()
        }
        return passed[...]
    }
}

extension SongSegments.Segment {
    /// A range of the segment as the part of its head that it has and the pieces of the original.
    package func parts(of range: Range<Int64>) -> (head: ArraySlice<UInt8>, pieces: [Range<Int64>]) {
        let headEnd = Int64(head.count)
        let slice = head[Int(min(range.lowerBound, headEnd))..<Int(min(range.upperBound, headEnd))]
        var offset = headEnd
        var parts: [Range<Int64>] = []
        for piece in pieces {
            let end = offset + Int64(piece.count)
            let from = max(range.lowerBound, offset)
            let to = min(range.upperBound, end)
            if from < to { parts.append(piece.lowerBound + from - offset..<piece.lowerBound + to - offset) }
            offset = end
        }
        return (slice, parts)
    }
}
