internal import NIOCore

/// Stores a batch under another codec than its producer chose (`compression.type`).
package struct BatchRecompression: Sendable, Equatable {
    package var codec: CompressionCodec
    /// `compression.gzip.level` and its like; `nil` for the codec's default.
    package var level: Int?

    package init(codec: CompressionCodec, level: Int? = nil) {
        self.codec = codec
        self.level = level
    }

    /// Whether a batch has to be changed.
    package func concerns(_ header: RecordBatchHeader) -> Bool { header.attributes.compression != self.codec }

    /// The same batches under the codec. Offsets, timestamps and records stay as they are.
    ///
    /// - Parameters:
    ///   - batches: as `RecordBatchValidation` passed them, their records included.
    ///   - decompressedBytesMax: what a payload may expand to; it is in memory as a whole.
    /// - Throws: `.decompressedTooLarge`, `.decompressionFailed`, or `.tooLarge` for what does not fit into a batch.
    package func apply(
        to batches: ValidatedBatches,
        decompressedBytesMax: Int = RecordBatchLimits().decompressedBytesMax
    ) throws(RecordBatchError) -> ValidatedBatches {
        guard batches.headers.contains(where: { self.concerns($0) }) else { return batches }
        var output = ByteBufferAllocator().buffer(capacity: batches.buffer.readableBytes)
        var headers: [RecordBatchHeader] = []
        var position = batches.buffer.readerIndex
        for header in batches.headers {
            guard let whole = batches.buffer.getSlice(at: position, length: header.sizeInBytes) else {
                preconditionFailure("a validated batch is shorter than its header says")
            }
            position += header.sizeInBytes
            headers.append(
                self.concerns(header)
                    ? try self.write(header, whole, decompressedBytesMax, to: &output) : header
            )
            if !self.concerns(header) { output.writeImmutableBuffer(whole) }
        }
        return ValidatedBatches(buffer: output, headers: headers, maxTimestamps: batches.maxTimestamps)
    }

    private func write(
        _ original: RecordBatchHeader,
        _ whole: ByteBuffer,
        _ decompressedBytesMax: Int,
        to output: inout ByteBuffer
    ) throws(RecordBatchError) -> RecordBatchHeader {
        var payload = whole
        payload.moveReaderIndex(forwardBy: RecordBatchHeader.encodedLength)
        if let codec = original.attributes.compression, codec != .none {
            payload = try PayloadDecoder.decompressed(payload, codec, bytesMax: decompressedBytesMax)
        }
        let start = output.writerIndex
        output.writeRepeatingByte(0, count: RecordBatchHeader.encodedLength)
        try Compressor.compress(payload, with: self.codec, level: self.level, into: &output)
        guard output.writerIndex - start <= Int(Int32.max) else {
            throw RecordBatchError(.tooLarge, "a batch cannot be larger than 2 GiB")
        }
        var header = original
        header.attributes.set(self.codec)
        return header.sealed(at: start, of: &output)
    }
}

extension PayloadDecoder {
    /// All of a payload, in pieces that arrive: what it claims reserves nothing.
    static func decompressed(
        _ payload: ByteBuffer,
        _ codec: CompressionCodec,
        bytesMax: Int
    ) throws(RecordBatchError) -> ByteBuffer {
        let decoder = try PayloadDecoder(codec, bytesMax: bytesMax)
        var plain = ByteBuffer()
        while true {
            var failure: RecordBatchError?
            let count = payload.withUnsafeReadableBytes { bytes in
                plain.writeWithUnsafeMutableBytes(minimumWritableBytes: 64 << 10) { room in
                    do throws(RecordBatchError) {
                        return try decoder.read(bytes, into: room)
                    } catch {
                        failure = error
                        return 0
                    }
                }
            }
            if let failure { throw failure }
            if count == 0 { return plain }
            guard plain.readableBytes <= bytesMax else {
                throw RecordBatchError(.decompressedTooLarge, "the batch expands beyond \(bytesMax) bytes")
            }
        }
    }
}
