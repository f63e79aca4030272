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
            #expect(error == .length(length, limit: 1024))
        }
    }

    @Test func `a large claim reserves no more than has arrived justifies`() throws {
        var decoder = FrameDecoder(frameBytesMax: 100 << 20)
        var buffer = ByteBuffer(integer: Int32(100 << 20))
        buffer.writeBytes([1, 2, 3])
        decoder.append(buffer)
        #expect(try decoder.next() == nil)
        let claimed = decoder.reservedBytes
        #expect(claimed <= 64 << 10)
    }

    /// What NIO does with a socket that has `bytes`: asks for a buffer, fills it as far as it goes, hands it over.
    private static func read(_ decoder: inout FrameDecoder, from socket: inout ByteBuffer, atMost count: Int = .max) {
        let available = min(count, socket.readableBytes)
        let length = decoder.isBetweenFrames ? socket.getInteger(at: socket.readerIndex, as: Int32.self) : nil
        var buffer = decoder.receiveBuffer(available: available, length: length)
        guard var part = socket.readSlice(length: min(available, buffer.writableBytes)) else { return }
        buffer.writeBuffer(&part)
        decoder.append(buffer)
    }

    @Test(arguments: [1, 3, 1000, 16 << 10, 65_536, 200_000, .max])
    func `a stream read into lent buffers gives the same frames`(readBytes: Int) throws {
        var payloads: [[UInt8]] = [[1], Array(repeating: 2, count: 150_000), [], Array(repeating: 3, count: 17_000)]
        if readBytes > 100 { payloads.append(Array(repeating: 4, count: 1_300_000)) }
        payloads += [Array(repeating: 5, count: 20), Array(repeating: 6, count: 40_000), [7]]
        var decoder = FrameDecoder(frameBytesMax: 4 << 20)
        var socket = Self.framed(payloads)
        let total = socket.readableBytes
        var frames: [[UInt8]] = []
        while socket.readableBytes > 0 {
            Self.read(&decoder, from: &socket, atMost: readBytes)
            frames += try Self.drain(&decoder)
        }
        #expect(frames == payloads)
        let arrived = decoder.arrivedBytes
        #expect(arrived == total)
    }

    @Test func `a large frame is read into one buffer that ends where the frame does`() throws {
        var decoder = FrameDecoder(frameBytesMax: 4 << 20)
        var socket = Self.framed([Array(repeating: 1, count: 150_000), Array(repeating: 2, count: 100_000)])
        Self.read(&decoder, from: &socket)
        let frame = try #require(try decoder.next())
        #expect(frame.readableBytes == 150_000)
        #expect(frame.capacity == 150_004)
        #expect(try decoder.next() == nil)
        let isBetweenFrames = decoder.isBetweenFrames
        #expect(isBetweenFrames)
    }

    @Test func `a frame that arrives in many reads is not copied once its connection has sent one as large`() throws {
        var decoder = FrameDecoder(frameBytesMax: 4 << 20)
        let payload = [UInt8](repeating: 9, count: 500_000)
        var socket = Self.framed([payload, payload])
        while try decoder.next() == nil { Self.read(&decoder, from: &socket, atMost: 70_000) }
        Self.read(&decoder, from: &socket, atMost: 70_000)
        #expect(try decoder.next() == nil)
        let reserved = decoder.reservedBytes
        #expect(reserved == 500_004)
    }

    @Test func `a large claim lends no more than what has arrived justifies`() throws {
        var decoder = FrameDecoder(frameBytesMax: 100 << 20)
        let buffer = decoder.receiveBuffer(available: 20_000, length: 90 << 20)
        #expect(buffer.capacity <= 64 << 10)
    }

    @Test func `bytes behind the frame in a lent buffer that was copied into a larger one are kept`() throws {
        var decoder = FrameDecoder(frameBytesMax: 1 << 20)
        var stream = Self.framed([Array(repeating: 1, count: 100_000), [2, 2], Array(repeating: 3, count: 50_000)])
        _ = decoder.receiveBuffer(available: stream.readableBytes, length: 100_000)
        var copy = ByteBuffer()
        copy.reserveCapacity(131_072)
        let read = stream.readSlice(length: 131_072)
        copy.writeImmutableBuffer(try #require(read))
        decoder.append(copy)
        #expect(try decoder.next()?.readableBytes == 100_000)
        #expect(try decoder.next()?.readableBytes == 2)
        #expect(try decoder.next() == nil)
        decoder.append(stream)
        let next = try decoder.next()
        let last = try #require(next)
        #expect(Array(last.readableBytesView) == [UInt8](repeating: 3, count: 50_000))
    }

    @Test func `a lent buffer that does not come back ends the connection instead of losing bytes`() throws {
        var decoder = FrameDecoder(frameBytesMax: 1 << 20)
        _ = decoder.receiveBuffer(available: 50_000, length: 100_000)
        _ = decoder.receiveBuffer(available: 50_000, length: nil)
        #expect(throws: FrameDecoder.Violation.lostRead) { () throws in _ = try decoder.next() }
    }

    @Test func `nothing of value is lent while the socket has nothing`() throws {
        var decoder = FrameDecoder(frameBytesMax: 1 << 20)
        let whole = Self.framed([Array(repeating: 1, count: 30_000)])
        decoder.append(try #require(whole.getSlice(at: 0, length: 20_000)))
        #expect(try decoder.next() == nil)
        _ = decoder.receiveBuffer(available: 0, length: nil)
        decoder.append(ByteBuffer(repeating: 1, count: 10_004))
        #expect(try decoder.next()?.readableBytes == 30_000)
    }
}
