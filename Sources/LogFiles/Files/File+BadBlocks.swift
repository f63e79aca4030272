internal import NIOCore

/// Reads round parts of a file that the disk cannot give.
extension File {
    /// What a disk reads or fails to read as one.
    private static let blockBytes: Int64 = 4096
    /// A failing disk may take seconds for each.
    private static let badBlocksMax = 64

    /// Reads as `read`, with zeros for blocks that cannot be read: those fit no checksum. Fails when there are too many
    /// of them.
    ///
    /// - Returns: bytes read; fewer than `count` only where the file ends.
    func readWithZeros(into buffer: inout ByteBuffer, count: Int, at position: Int64) throws(FileError) -> Int {
        let end = buffer.writerIndex
        do throws(FileError) {
            return try self.read(into: &buffer, count: count, at: position)
        } catch {
            guard error.isUnreadable else { throw error }
            buffer.moveWriterIndex(to: end)
        }
        var bad = 0
        return try self.readBlocks(into: &buffer, count: count, at: position) {
            (buffer, length, error) throws(FileError) in
            bad += 1
            guard bad <= Self.badBlocksMax else { throw error }
            buffer.writeRepeatingByte(0, count: length)
            return true
        }
    }

    /// Reads up to the first block that cannot be read.
    ///
    /// - Returns: bytes read.
    func readPrefix(into buffer: inout ByteBuffer, count: Int, at position: Int64) throws(FileError) -> Int {
        try self.readBlocks(into: &buffer, count: count, at: position) { _, _, _ in false }
    }

    /// - Parameter unreadable: gets the length of a block that could not be read; says whether to continue behind it.
    private func readBlocks(
        into buffer: inout ByteBuffer,
        count: Int,
        at position: Int64,
        unreadable: (inout ByteBuffer, Int, FileError) throws(FileError) -> Bool
    ) throws(FileError) -> Int {
        let end = position + Int64(count)
        var start = position
        while start < end {
            let length = Int(min(end, (start / Self.blockBytes + 1) * Self.blockBytes) - start)
            do throws(FileError) {
                var block = ByteBuffer()
                let read = try self.read(into: &block, count: length, at: start)
                buffer.writeImmutableBuffer(block)
                start += Int64(read)
                if read < length { break }
            } catch {
                guard error.isUnreadable else { throw error }
                guard try unreadable(&buffer, length, error) else { break }
                start += Int64(length)
            }
        }
        return Int(start - position)
    }
}
