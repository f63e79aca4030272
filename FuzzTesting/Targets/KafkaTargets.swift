import KafkaProtocol
import KafkaSamples
import Model
import NIOCore

@testable import KafkaServer

extension FuzzTarget {
    static let kafka: [FuzzTarget] = [
        FuzzTarget(name: "kafka-frames", seeds: Self.frameSeeds, read: Self.readFrames),
        FuzzTarget(name: "kafka-messages", seeds: Self.messageSeeds, read: Self.readMessage),
        FuzzTarget(name: "kafka-header", seeds: Self.headerSeeds, read: Self.readHeader),
    ]

    // MARK: Frames

    private static func frameSeeds() -> [ByteBuffer] {
        var frames = ByteBuffer(integer: UInt8(7))
        for count in [0, 5, 300] {
            frames.writeInteger(Int32(count))
            frames.writeRepeatingByte(0x41, count: count)
        }
        return [frames]
    }

    /// Arrives in pieces whose size the first byte says.
    private static func readFrames(_ input: ByteBuffer) {
        guard var (piece, rest) = input.split() else { return }
        let total = rest.readableBytes
        var decoder = FrameDecoder(frameBytesMax: 1 << 20)
        var framed = 0
        while rest.readableBytes > 0 {
            let count = min(rest.readableBytes, max(1, piece))
            var lent = decoder.receiveBuffer(available: count, length: nil)
            lent.writeImmutableBuffer(rest.readSlice(length: count) ?? ByteBuffer())
            decoder.append(lent)
            do {
                while let frame = try decoder.next() { framed += frame.readableBytes + 4 }
            } catch {
                return
            }
            Self.require(decoder.reservedBytes <= (128 << 10) + 4 * total, "more memory than four times what came")
            piece = piece &* 3 % 251
        }
        Self.require(framed <= total, "more bytes in frames than came")
    }

    // MARK: Messages

    /// One byte for the message, one for the version, then the body.
    private static func messageSeeds() -> [ByteBuffer] {
        CodecCase.all.enumerated().flatMap { index, codec in
            codec.versions.flatMap { version in
                Sampler.Style.allCases.map { style in
                    var buffer = ByteBuffer(integer: UInt8(truncatingIfNeeded: index))
                    buffer.writeInteger(UInt8(truncatingIfNeeded: version))
                    buffer.writeImmutableBuffer(codec.encodeSample(style, version))
                    return buffer
                }
            }
        }
    }

    /// What decodes can be encoded, and is then a fixed point.
    private static func readMessage(_ input: ByteBuffer) {
        var body = input
        guard let index = body.readInteger(as: UInt8.self), let version = body.readInteger(as: Int8.self) else {
            return
        }
        let codec = CodecCase.all[Int(index) % CodecCase.all.count]
        guard var encoded = try? codec.recode(&body, Int16(version)) else { return }
        let again = try? codec.recode(&encoded, Int16(version))
        Self.require(again != nil && encoded.readableBytes == 0, "\(codec.name) \(version) does not read what it wrote")
    }

    private static func headerSeeds() -> [ByteBuffer] {
        GeneratedAPIs.all.flatMap { api in
            [api.versions.lowerBound, api.versions.upperBound].map { version in
                var buffer = ByteBuffer()
                RequestHeader(apiKey: api.key, apiVersion: version, correlationID: 7, clientID: "fuzz")
                    .encode(into: &buffer)
                return buffer
            }
        }
    }

    private static func readHeader(_ input: ByteBuffer) {
        var buffer = input
        guard let header = try? RequestHeader.decode(from: &buffer) else { return }
        var encoded = ByteBuffer()
        header.encode(into: &encoded)
        let again = try? RequestHeader.decode(from: &encoded)
        Self.require(again == header, "a request header changes when it is written")
    }
}
