internal import CSystemLZ4
internal import CSystemSnappy
internal import CSystemZlib
internal import CSystemZstd
internal import NIOCore

/// Compresses a whole payload, in the form that Kafka's Java clients read.
enum Compressor {
    /// Snappy blocks of the Java library's default size.
    private static let snappyBlockLength = 32 * 1024

    /// Appends the compressed readable bytes of `plain` to `output`. Throws `.decompressionFailed` when the codec
    /// fails, which only lack of memory explains.
    ///
    /// - Parameter level: as Kafka's `compression.<codec>.level`; `nil` for the codec's default. Snappy has none.
    static func compress(
        _ plain: ByteBuffer,
        with codec: CompressionCodec,
        level: Int? = nil,
        into output: inout ByteBuffer
    ) throws(RecordBatchError) {
        let isDone = plain.withUnsafeReadableBytes { bytes in
            switch codec {
            case .none:
                output.writeBytes(bytes)
                return true
            case .gzip: return self.gzip(bytes, level, &output)
            case .snappy: return self.snappy(bytes, &output)
            case .lz4: return self.lz4(bytes, level, &output)
            case .zstd: return self.zstd(bytes, level, &output)
            }
        }
        guard isDone else { throw RecordBatchError(.decompressionFailed, "\(codec) could not compress") }
    }

    private static func gzip(_ bytes: UnsafeRawBufferPointer, _ level: Int?, _ output: inout ByteBuffer) -> Bool {
        var stream = z_stream()
        return withUnsafeMutablePointer(to: &stream) { stream in
            let level = level.map { Int32(clamping: $0) } ?? Z_DEFAULT_COMPRESSION
            guard millrace_deflate_init(stream, level, 15 + 16) == Z_OK else { return false }
            defer { deflateEnd(stream) }
            let bound = Int(deflateBound(stream, UInt(bytes.count)))
            guard bytes.count <= Int(UInt32.max), bound <= Int(UInt32.max) else { return false }
            var isDone = false
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { room in
                stream.pointee.next_in = UnsafeMutableRawPointer(mutating: bytes.baseAddress)?
                    .assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_in = UInt32(bytes.count)
                stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(clamping: room.count)
                isDone = deflate(stream, Z_FINISH) == Z_STREAM_END
                return Int(stream.pointee.total_out)
            }
            return isDone
        }
    }

    private static func snappy(_ bytes: UnsafeRawBufferPointer, _ output: inout ByteBuffer) -> Bool {
        output.writeBytes([0x82, 0x53, 0x4E, 0x41, 0x50, 0x50, 0x59, 0x00])
        output.writeInteger(Int32(1))
        output.writeInteger(Int32(1))
        var position = 0
        while position < bytes.count {
            let count = min(self.snappyBlockLength, bytes.count - position)
            let block = UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
            var isDone = false
            let bound = 4 + snappy_max_compressed_length(count)
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { room in
                var length = room.count - 4
                let source = block.baseAddress?.assumingMemoryBound(to: CChar.self)
                let target = room.baseAddress?.advanced(by: 4).assumingMemoryBound(to: CChar.self)
                isDone = snappy_compress(source, count, target, &length) == SNAPPY_OK
                guard isDone else { return 0 }
                room.storeBigEndian(Int32(length), at: 0)
                return 4 + length
            }
            guard isDone else { return false }
            position += count
        }
        return true
    }

    private static func lz4(_ bytes: UnsafeRawBufferPointer, _ level: Int?, _ output: inout ByteBuffer) -> Bool {
        var preferences = LZ4F_preferences_t()
        // Kafka's Java reader refuses blocks that depend on each other.
        preferences.frameInfo.blockMode = LZ4F_blockIndependent
        preferences.frameInfo.blockSizeID = LZ4F_max64KB
        // From 3 on the library's slow compressor, as Kafka's for every level but its default.
        if let level { preferences.compressionLevel = Int32(clamping: level) }
        return self.once(&output, bound: LZ4F_compressFrameBound(bytes.count, &preferences)) { room in
            let length = LZ4F_compressFrame(
                room.baseAddress,
                room.count,
                bytes.baseAddress,
                bytes.count,
                &preferences
            )
            return LZ4F_isError(length) == 0 ? length : nil
        }
    }

    private static func zstd(_ bytes: UnsafeRawBufferPointer, _ level: Int?, _ output: inout ByteBuffer) -> Bool {
        self.once(&output, bound: ZSTD_compressBound(bytes.count)) { room in
            let level = Int32(clamping: level ?? 3)
            let length = ZSTD_compress(room.baseAddress, room.count, bytes.baseAddress, bytes.count, level)
            return ZSTD_isError(length) == 0 ? length : nil
        }
    }

    /// Runs a codec that writes all its output at once; it returns `nil` for an error.
    private static func once(
        _ output: inout ByteBuffer,
        bound: Int,
        _ body: (UnsafeMutableRawBufferPointer) -> Int?
    ) -> Bool {
        var isDone = false
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { room in
            let length = body(room)
            isDone = length != nil
            return length ?? 0
        }
        return isDone
    }
}
