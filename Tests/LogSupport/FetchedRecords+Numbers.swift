package import LogCore
package import Model
internal import NIOCore
internal import RecordBatch

extension FetchedRecords {
    /// Adds the numbers that the values of the records are, and -1 before each record whose offset does not follow the
    /// one before. Every batch is validated.
    ///
    /// - Parameter offset: of the first record that is asked for.
    /// - Returns: the offset after the last one.
    package func appendNumbers(to numbers: inout [Int], from offset: Offset) throws -> Offset {
        var whole = ByteBuffer()
        for part in self.parts { whole.writeImmutableBuffer(part) }
        _ = try RecordBatchValidation.validate(whole, limits: .unlimited, context: .replay)
        var next = offset
        var found: [Int] = []
        try RecordReader.forEachRecord(in: whole, from: offset) { header, record in
            let offset = header.offset(of: record.offsetDelta)
            if offset != next { found.append(-1) }
            next = offset + 1
            found.append(record.value?.bigEndian(Int.self, at: 0) ?? -2)
            return true
        }
        numbers += found
        return next
    }
}
