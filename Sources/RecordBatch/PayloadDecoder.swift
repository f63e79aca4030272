internal import CSystemLZ4
internal import CSystemSnappy
internal import CSystemZlib
internal import CSystemZstd

/// Decompresses one payload piece by piece, with the codec's own context and no buffer of the whole.
///
/// Raw snappy is the exception, for its format has no pieces: it is expanded at once, within the bound and within
/// what the format can gain (under 22 times its size).
final class PayloadDecoder {
    private enum Context {
        case gzip(UnsafeMutablePointer<z_stream>)
        case lz4(OpaquePointer)
        case zstd(OpaquePointer)
        case snappy(SnappyBlocks)
    }

    private let context: Context
    private var position = 0
    /// A frame or member has begun and not ended.
    private var isInside = false
    private var hasBegun = false

    /// Throws `.unsupportedCompression` for `.none`, `.decompressionFailed` when the codec has no memory.
    init(_ codec: CompressionCodec, bytesMax: Int) throws(RecordBatchError) {
        switch codec {
        case .none:
            throw RecordBatchError(.unsupportedCompression, "the batch is not compressed")
        case .gzip:
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            stream.initialize(to: z_stream())
            // 15 bits of window and 16 for the gzip wrapper.
            guard millrace_inflate_init(stream, 15 + 16) == Z_OK else {
                stream.deallocate()
                throw Self.noMemory
            }
            self.context = .gzip(stream)
        case .lz4:
            var created: OpaquePointer?
            let code = LZ4F_createDecompressionContext(&created, UInt32(LZ4F_VERSION))
            guard LZ4F_isError(code) == 0, let created else { throw Self.noMemory }
            self.context = .lz4(created)
        case .zstd:
            // The largest window is the library's default, 128 MiB, as for Kafka's consumers. It is address space
            // only: pages become resident as output is written, which `bytesMax` bounds.
            guard let created = ZSTD_createDCtx() else { throw Self.noMemory }
            self.context = .zstd(created)
        case .snappy:
            self.context = .snappy(SnappyBlocks(bytesMax: bytesMax))
        }
    }

    deinit {
        switch self.context {
        case .gzip(let stream):
            inflateEnd(stream)
            stream.deallocate()
        case .lz4(let context): LZ4F_freeDecompressionContext(context)
        case .zstd(let context): ZSTD_freeDCtx(context)
        case .snappy: break
        }
    }

    /// Decompresses the next bytes into `output` (not empty) and returns their count; 0 at the stream's proper end.
    ///
    /// - Parameter input: the whole payload, the same bytes at every call.
    func read(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(RecordBatchError) -> Int {
        switch self.context {
        case .gzip(let stream): try self.readGzip(stream, input, output)
        case .lz4(let context): try self.readLZ4(context, input, output)
        case .zstd(let context): try self.readZstd(context, input, output)
        case .snappy(let blocks): try blocks.read(input, into: output)
        }
    }

    private func readGzip(
        _ stream: UnsafeMutablePointer<z_stream>,
        _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) throws(RecordBatchError) -> Int {
        while true {
            if !self.isInside {
                if self.hasBegun, self.position == input.count { return 0 }
                // Members may follow each other (RFC 1952), as Java's reader allows.
                if self.hasBegun, inflateReset(stream) != Z_OK { throw Self.noMemory }
                self.isInside = true
                self.hasBegun = true
            }
            let available = UInt32(clamping: input.count - self.position)
            let room = UInt32(clamping: output.count)
            // zlib does not write to its input; its C type merely lacks the const.
            stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?
                .advanced(by: self.position).assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = available
            stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = room
            let code = inflate(stream, Z_NO_FLUSH)
            self.position += Int(available - stream.pointee.avail_in)
            let produced = Int(room - stream.pointee.avail_out)
            if code == Z_STREAM_END { self.isInside = false } else if code != Z_OK { throw Self.failed("gzip") }
            if produced > 0 { return produced }
        }
    }

    private func readLZ4(
        _ context: OpaquePointer,
        _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) throws(RecordBatchError) -> Int {
        while true {
            if !self.isInside {
                if self.hasBegun {
                    // Kafka's reader stops after one frame, so a second would be lost on every consumer.
                    guard self.position == input.count else { throw Self.failed("lz4") }
                    return 0
                }
                self.isInside = true
                self.hasBegun = true
            }
            var consumed = input.count - self.position
            var produced = output.count
            let from = input.baseAddress?.advanced(by: self.position)
            let hint = LZ4F_decompress(context, output.baseAddress, &produced, from, &consumed, nil)
            guard LZ4F_isError(hint) == 0 else { throw Self.failed("lz4") }
            self.position += consumed
            if hint == 0 { self.isInside = false }
            if produced > 0 { return produced }
            // No error, no progress: the frame wants bytes that are not there.
            if hint != 0, consumed == 0 { throw Self.failed("lz4") }
        }
    }

    private func readZstd(
        _ context: OpaquePointer,
        _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) throws(RecordBatchError) -> Int {
        var from = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: self.position)
        var to = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        while true {
            if self.hasBegun, !self.isInside, from.pos == from.size { return 0 }
            self.hasBegun = true
            let before = from.pos
            let hint = ZSTD_decompressStream(context, &to, &from)
            guard ZSTD_isError(hint) == 0 else { throw Self.failed("zstd") }
            self.isInside = hint != 0
            self.position = from.pos
            if to.pos > 0 { return to.pos }
            if self.isInside, from.pos == before { throw Self.failed("zstd") }
        }
    }

    static func failed(_ codec: String) -> RecordBatchError {
        RecordBatchError(.decompressionFailed, "the \(codec) payload is corrupt or ends early")
    }

    private static var noMemory: RecordBatchError {
        RecordBatchError(.decompressionFailed, "no memory for the codec")
    }
}

/// Snappy as Kafka's clients write it: raw, or in blocks behind the header of the Java library ("xerial").
///
/// Framed: `82 53 4E 41 50 50 59 00`, `version int32`, `compatible version int32`, then blocks of
/// `length int32, raw snappy`.
private final class SnappyBlocks {
    private let bytesMax: Int
    private var block: UnsafeMutableRawBufferPointer?
    private var blockPosition = 0
    private var position = 0
    private var isFramed = false
    private var hasBegun = false

    private static let magic: [UInt8] = [0x82, 0x53, 0x4E, 0x41, 0x50, 0x50, 0x59, 0x00]
    private static let frameHeaderLength = 16

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    deinit { self.block?.deallocate() }

    func read(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(RecordBatchError) -> Int {
        if !self.hasBegun {
            self.hasBegun = true
            self.isFramed = input.starts(with: Self.magic)
            guard !input.isEmpty else { throw PayloadDecoder.failed("snappy") }
        }
        while self.blockPosition == self.block?.count ?? 0 {
            guard self.position < input.count else { return 0 }
            guard let next = try self.nextBlock(UnsafeRawBufferPointer(rebasing: input[self.position...])) else {
                continue
            }
            try self.expand(next)
        }
        guard let block else { return 0 }
        let count = min(output.count, block.count - self.blockPosition)
        let part = block[self.blockPosition..<(self.blockPosition + count)]
        output.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
        self.blockPosition += count
        return count
    }

    /// Moves past the next block and returns it; `nil` after a frame header.
    private func nextBlock(_ rest: UnsafeRawBufferPointer) throws(RecordBatchError) -> UnsafeRawBufferPointer? {
        guard self.isFramed else {
            self.position += rest.count
            return rest
        }
        // Streams may be concatenated, so a header can stand wherever a block can.
        if rest.starts(with: Self.magic) {
            guard rest.count >= Self.frameHeaderLength else { throw PayloadDecoder.failed("snappy") }
            self.position += Self.frameHeaderLength
            return nil
        }
        guard rest.count >= 4 else { throw PayloadDecoder.failed("snappy") }
        let length = Int(rest.bigEndian(Int32.self, at: 0))
        guard length >= 0, length <= rest.count - 4 else { throw PayloadDecoder.failed("snappy") }
        self.position += 4 + length
        return UnsafeRawBufferPointer(rebasing: rest[4..<(4 + length)])
    }

    private func expand(_ compressed: UnsafeRawBufferPointer) throws(RecordBatchError) {
        let source = compressed.baseAddress?.assumingMemoryBound(to: CChar.self)
        var length = 0
        guard snappy_uncompressed_length(source, compressed.count, &length) == SNAPPY_OK else {
            throw PayloadDecoder.failed("snappy")
        }
        // A copy of three bytes yields at most 64, so a larger claim is a lie: refuse it before allocating.
        guard length <= compressed.count * 22 + 16 else { throw PayloadDecoder.failed("snappy") }
        guard length <= self.bytesMax else {
            throw RecordBatchError(.decompressedTooLarge, "the batch expands beyond \(self.bytesMax) bytes")
        }
        if length > self.block?.count ?? 0 || length < self.block?.count ?? 0 {
            self.block?.deallocate()
            self.block = .allocate(byteCount: length, alignment: 16)
        }
        self.blockPosition = 0
        let target = self.block?.baseAddress?.assumingMemoryBound(to: CChar.self)
        guard snappy_uncompress(source, compressed.count, target, &length) == SNAPPY_OK,
            length == self.block?.count
        else {
            throw PayloadDecoder.failed("snappy")
        }
    }
}
