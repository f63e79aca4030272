import NIOCore
import Testing

@testable import KafkaServer

/// Frames whose bytes are read into a buffer that its owner uses again, as TLS decrypts.
@Suite struct EncryptedFramesTests {
    private static let payloads: [[UInt8]] = [
        Array(repeating: 1, count: 10), [], Array(repeating: 2, count: 40_000), [3],
        Array(repeating: 4, count: 300_000), Array(repeating: 5, count: 17_000), [6, 7],
    ]

    private static var wire: [UInt8] {
        Self.payloads.flatMap { payload in
            let count = UInt32(payload.count)
            return (0..<4).map { UInt8(count >> (24 - 8 * $0) & 0xff) } + payload
        }
    }

    @Test(arguments: [1 << 20, 16_384, 32_768, 1_000, 20_003, 7])
    func `frames of all sizes come out, however they are cut`(pieceBytes: Int) throws {
        var decoder = FrameDecoder(frameBytesMax: 1 << 20)
        var owners = ByteBuffer()
        var frames: [[UInt8]] = []
        var kept: [ByteBuffer] = []
        let wire = Self.wire
        for start in stride(from: 0, to: wire.count, by: pieceBytes) {
            // The owner's one buffer, written over each time.
            owners.clear()
            owners.writeBytes(wire[start..<min(start + pieceBytes, wire.count)])
            decoder.append(copying: owners)
            while let frame = try decoder.next() { kept.append(frame) }
        }
        frames = kept.map { Array($0.readableBytesView) }
        #expect(frames == Self.payloads)
        let (arrived, isBetween) = (decoder.arrivedBytes, decoder.isBetweenFrames)
        #expect(arrived == wire.count && isBetween)
    }

    @Test func `pieces that come while no frame is taken are kept in order`() throws {
        var decoder = FrameDecoder(frameBytesMax: 1 << 20)
        let wire = Self.wire
        for start in stride(from: 0, to: wire.count, by: 9_000) {
            decoder.append(copying: ByteBuffer(bytes: wire[start..<min(start + 9_000, wire.count)]))
        }
        var frames: [[UInt8]] = []
        while let frame = try decoder.next() { frames.append(Array(frame.readableBytesView)) }
        #expect(frames == Self.payloads)
    }

    @Test func `a small frame keeps no large buffer`() throws {
        var decoder = FrameDecoder(frameBytesMax: 1 << 20)
        var owners = ByteBufferAllocator().buffer(capacity: 64 << 10)
        owners.writeBytes([0, 0, 0, 2, 8, 9])
        decoder.append(copying: owners)
        let frame = try #require(try decoder.next())
        #expect(Array(frame.readableBytesView) == [8, 9] && frame.storageCapacity < 1024)
    }

    @Test func `a length that is not allowed is refused, and nothing is reserved for it`() throws {
        var decoder = FrameDecoder(frameBytesMax: 1000)
        decoder.append(copying: ByteBuffer(bytes: [0x7f, 0xff, 0xff, 0xff, 1]))
        let reserved = decoder.reservedBytes
        #expect(reserved == 0)
        #expect(throws: FrameDecoder.Violation.self) { try decoder.next() }
    }
}
