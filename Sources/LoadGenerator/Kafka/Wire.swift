internal import ClientTLS
internal import Glibc
internal import KafkaClient
internal import NIOCore
internal import NIOPosix

/// The clocks of a load.
enum LoadClock {
    /// Nanoseconds on the monotonic clock, as event loops count them.
    static var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

    /// Milliseconds since the Unix epoch.
    static var wallMilliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// One TCP connection of a load, used on its event loop only: raw bytes in, raw bytes out.
///
/// The connection's owner matches responses in the order of the requests; a request has no promise, timer or task of
/// its own.
final class Wire: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes that one read takes at most: a buffer of this size is used over and over and stays in the CPU's cache.
    private static let readBytes = 256 << 10

    let address: BrokerAddress
    /// Reads what has arrived, all of it. An error ends the connection.
    var onBytes: ((inout ByteBuffer) throws -> Void)?
    /// The connection has ended without `close` having been called.
    var onEnd: ((LoadFailure) -> Void)?
    private var context: ChannelHandlerContext?
    private var isEnded = false

    private init(address: BrokerAddress) {
        self.address = address
    }

    /// Connects; call it on the loop, where it also answers.
    ///
    /// - Parameter reads: whether to read at all. A connection that does not read leaves its answers with the server.
    static func connect(
        to address: BrokerAddress,
        tls: ClientTLS?,
        on loop: any EventLoop,
        reads: Bool = true,
        _ done: @escaping (Result<Wire, LoadFailure>) -> Void
    ) {
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(10))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            // A handshake has to be read, even by a load that reads nothing after it.
            .channelOption(.autoRead, value: reads || tls != nil)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.readBytes))
            .connect(host: address.host, port: address.port, tls: tls)
            .assumeIsolated()
            .whenComplete { result in
                do {
                    let (channel, wire) = (try result.get(), Wire(address: address))
                    try channel.pipeline.syncOperations.addHandler(wire)
                    if !reads, tls != nil { try channel.syncOptions?.setOption(.autoRead, value: false) }
                    done(.success(wire))
                } catch {
                    done(.failure(LoadFailure("cannot connect to \(address): \(error)")))
                }
            }
    }

    /// Connects `addresses` in turn, at most `width` at a time so that no listen queue overflows; all or a failure.
    static func connectAll(
        to addresses: [BrokerAddress],
        tls: ClientTLS?,
        on loop: any EventLoop,
        reads: Bool = true,
        width: Int = 64,
        _ done: @escaping (Result<[Wire], LoadFailure>) -> Void
    ) {
        Connecting(addresses: addresses, tls: tls, loop: loop, reads: reads, done: done).begin(width: width)
    }

    /// Bytes to send with the next `flush`, in the order of the calls.
    func write(_ bytes: ByteBuffer) {
        self.context?.write(Self.wrapOutboundOut(bytes), promise: nil)
    }

    /// The same; `done` tells when the bytes are with the kernel, or that they never will be.
    func write(_ bytes: ByteBuffer, _ done: @escaping (Bool) -> Void) {
        guard let context = self.context else { return done(false) }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { result in
            if case .success = result { done(true) } else { done(false) }
        }
        context.write(Self.wrapOutboundOut(bytes), promise: promise)
    }

    func flush() { self.context?.flush() }

    func buffer(capacity: Int) -> ByteBuffer {
        self.context?.channel.allocator.buffer(capacity: capacity) ?? ByteBuffer()
    }

    /// `nil` once it has ended.
    var transportState: TransportState? { (self.context?.channel).flatMap { TransportState(of: $0) } }

    var isOpen: Bool { !self.isEnded && self.context != nil }

    func close() {
        self.isEnded = true
        self.onBytes = nil
        self.onEnd = nil
        self.context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        do {
            try self.onBytes?(&bytes)
        } catch {
            self.end((error as? LoadFailure) ?? LoadFailure("\(self.address): \(error)"))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(LoadFailure("the connection to \(self.address) was closed; see the server's log"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.end(LoadFailure("the connection to \(self.address) failed: \(error)"))
    }

    private func end(_ failure: LoadFailure) {
        guard !self.isEnded else { return }
        self.isEnded = true
        let onEnd = self.onEnd
        self.close()
        onEnd?(failure)
    }
}

/// Many connections being opened.
private final class Connecting {
    private let addresses: [BrokerAddress]
    private let tls: ClientTLS?
    private let loop: any EventLoop
    private let reads: Bool
    private var done: ((Result<[Wire], LoadFailure>) -> Void)?
    private var wires: [Wire?]
    private var next = 0
    private var openCount = 0

    init(
        addresses: [BrokerAddress],
        tls: ClientTLS?,
        loop: any EventLoop,
        reads: Bool,
        done: @escaping (Result<[Wire], LoadFailure>) -> Void
    ) {
        self.addresses = addresses
        self.tls = tls
        self.loop = loop
        self.reads = reads
        self.done = done
        self.wires = Array(repeating: nil, count: addresses.count)
    }

    func begin(width: Int) {
        guard !self.addresses.isEmpty else { return self.end(.success([])) }
        for _ in 0..<min(width, self.addresses.count) { self.connectNext() }
    }

    private func connectNext() {
        guard self.next < self.addresses.count, self.done != nil else { return }
        let index = self.next
        self.next += 1
        Wire.connect(to: self.addresses[index], tls: self.tls, on: self.loop, reads: self.reads) { result in
            switch result {
            case .failure(let failure): self.end(.failure(failure))
            case .success(let wire) where self.done == nil: wire.close()
            case .success(let wire):
                self.wires[index] = wire
                self.openCount += 1
                if self.openCount == self.addresses.count {
                    self.end(.success(self.wires.compactMap { $0 }))
                } else {
                    self.connectNext()
                }
            }
        }
    }

    private func end(_ result: Result<[Wire], LoadFailure>) {
        guard let done = self.done else { return }
        self.done = nil
        if case .failure = result {
            for wire in self.wires { wire?.close() }
        }
        done(result)
    }
}

/// Cuts the answers of one connection into frames; for small ones, which it copies.
struct FrameReader {
    private var bytes = ByteBuffer()
    private static let frameBytesMax = 16 << 20

    mutating func append(_ chunk: inout ByteBuffer) {
        self.bytes.discardReadBytes()
        self.bytes.writeBuffer(&chunk)
    }

    /// The next whole frame without its length.
    ///
    /// - Throws: `LoadFailure` for a length that no answer has.
    mutating func next() throws(LoadFailure) -> ByteBuffer? {
        guard let length = self.bytes.getInteger(at: self.bytes.readerIndex, as: Int32.self) else { return nil }
        guard length >= 4, length <= Self.frameBytesMax else {
            throw LoadFailure("the peer does not speak Kafka's protocol: a response claims \(length) bytes")
        }
        guard self.bytes.readableBytes >= 4 + Int(length) else { return nil }
        self.bytes.moveReaderIndex(forwardBy: 4)
        return self.bytes.readSlice(length: Int(length))
    }
}
