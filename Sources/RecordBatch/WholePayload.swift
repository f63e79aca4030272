/// Payloads that are not record batches and small enough to be expanded at once.
package enum WholePayload {
    /// - Parameter bytesMax: of the result; more is `.decompressionFailed`, found before it is allocated.
    package static func decompressed(
        _ payload: [UInt8],
        _ codec: CompressionCodec,
        bytesMax: Int
    ) throws(RecordBatchError) -> [UInt8] {
        guard codec != .none else { return payload }
        let decoder = try PayloadDecoder(codec, bytesMax: bytesMax)
        var result: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try Self.next(decoder, payload, &piece)
            if count == 0 { return result }
            guard result.count + count <= bytesMax else {
                throw RecordBatchError(.decompressionFailed, "the payload expands to more than \(bytesMax) bytes")
            }
            result += piece[..<count]
        }
    }

    private static func next(
        _ decoder: PayloadDecoder,
        _ payload: [UInt8],
        _ piece: inout [UInt8]
    ) throws(RecordBatchError) -> Int {
        var outcome: Result<Int, RecordBatchError> = .success(0)
        payload.withUnsafeBytes { input in
            piece.withUnsafeMutableBytes { output in
                do throws(RecordBatchError) {
                    outcome = .success(try decoder.read(input, into: output))
                } catch {
                    outcome = .failure(error)
                }
            }
        }
        return try outcome.get()
    }
}
