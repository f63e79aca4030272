import NIOCore
import Testing

@testable import KafkaServer

@Suite struct FrameDecoderTests {
    private static func framed(_ payloads: [[UInt8]]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for payload in payloads {
            buffer.writeInteger(Int32(payload.count))
            buffer.writeBytes(payload)
        }
        return buffer
    }

    private static func drain(_ decoder: inout FrameDecoder) throws(FrameDecoder.Violation) -> [[UInt8]] {
        var frames: [[UInt8]] = []
        while let frame = try decoder.next() { frames.append(Array(frame.readableBytesView)) }
        return frames
    }

    @Test func `frames that arrive together come out one by one, in order`() throws {
        var decoder = FrameDecoder(frameBytesMax: 1024)
        decoder.append(Self.framed([[1, 2, 3], [], [4]]))
        #expect(try Self.drain(&decoder) == [[1, 2, 3], [], [4]])
    }

    @Test func `a stream cut at any byte gives the same frames`() throws {
        let payloads: [[UInt8]] = [Array(0..<200), [], Array(repeating: 7, count: 33)]
        let whole = Self.framed(payloads)
        for cut in 0...whole.readableBytes {
            var decoder = FrameDecoder(frameBytesMax: 1024)
            var frames: [[UInt8]] = []
            for part in [
                whole.getSlice(at: 0, length: cut), whole.getSlice(at: cut, length: whole.readableBytes - cut),
            ] {
                decoder.append(try #require(part))
                frames += try Self.drain(&decoder)
            }
            #expect(frames == payloads, "cut at \(cut)")
        }
    }

    @Test func `a stream that comes byte by byte gives the same frames`() throws {
        let payloads: [[UInt8]] = [Array(0..<100), [9]]
        var decoder = FrameDecoder(frameBytesMax: 1024)
        var frames: [[UInt8]] = []
        for byte in Self.framed(payloads).readableBytesView {
            decoder.append(ByteBuffer(bytes: [byte]))
            frames += try Self.drain(&decoder)
        }
        #expect(frames == payloads)
    }

    @Test func `a frame that arrived whole shares the storage it was received in`() throws {
        var decoder = FrameDecoder(frameBytesMax: 1 << 20)
        let received = Self.framed([Array(repeating: 1, count: 100_000)])
        let address = received.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) + 4 }
        decoder.append(received)
        let frame = try #require(try decoder.next())
        #expect(frame.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) } == address)
    }

    @Test(arguments: [Int32(-1), .min, 1025, .max])
    func `a length outside the limit is a violation`(length: Int32) {
        var decoder = FrameDecoder(frameBytesMax: 1024)
        decoder.append(ByteBuffer(integer: length))
        do {
            _ = try decoder.next()
            Issue.record("\(length) was accepted")
        } catch {
            #expect(error == FrameDecoder.Violation(length: length, limit: 1024))
        }
    }

    @Test func `a large claim reserves no more than has arrived justifies`() throws {
        var decoder = FrameDecoder(frameBytesMax: 100 << 20)
        var buffer = ByteBuffer(integer: Int32(100 << 20))
        buffer.writeBytes([1, 2, 3])
        decoder.append(buffer)
        #expect(try decoder.next() == nil)
        #expect(decoder.reservedBytes <= 64 << 10)
    }
}
