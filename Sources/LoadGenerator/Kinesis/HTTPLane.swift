internal import KafkaClient
internal import NIOCore

/// One kept-alive HTTP connection with at most one request on its way; connects again when the server has ended it.
final class HTTPLane {
    private let access: KinesisAccess
    private let loop: any EventLoop
    private var wire: Wire?
    private var reader = HTTPResponseReader()
    private var answer: ((Result<HTTPResponse, LoadFailure>) -> Void)?
    private var waiting: (head: ByteBuffer, body: ByteBuffer)?
    private var isConnecting = false
    private var isClosed = false

    init(access: KinesisAccess, loop: any EventLoop) {
        self.access = access
        self.loop = loop
    }

    var isIdle: Bool { self.answer == nil && !self.isClosed }

    /// Sends a request. The one before it must be answered.
    func send(
        head: ByteBuffer,
        body: ByteBuffer,
        _ answer: @escaping (Result<HTTPResponse, LoadFailure>) -> Void
    ) {
        precondition(self.answer == nil, "a lane carries one request at a time")
        self.answer = answer
        guard let wire, wire.isOpen else {
            self.waiting = (head, body)
            return self.connect()
        }
        wire.write(head)
        wire.write(body)
        wire.flush()
    }

    /// Connects before there is anything to send, so that the first request does not wait for it.
    func open(_ ready: @escaping (Result<Void, LoadFailure>) -> Void) {
        let address = BrokerAddress(host: self.access.endpoint.host, port: self.access.endpoint.port)
        Wire.connect(to: address, tls: self.access.tls, on: self.loop) { result in
            ready(result.map { self.install($0) })
        }
    }

    private func connect() {
        guard !self.isConnecting else { return }
        self.isConnecting = true
        self.open { result in
            self.isConnecting = false
            switch result {
            case .failure(let failure): self.complete(.failure(failure))
            case .success:
                guard let waiting = self.waiting, let wire = self.wire else { return }
                self.waiting = nil
                wire.write(waiting.head)
                wire.write(waiting.body)
                wire.flush()
            }
        }
    }

    private func install(_ wire: Wire) {
        guard !self.isClosed else { return wire.close() }
        self.wire = wire
        self.reader = HTTPResponseReader()
        // An answer may end the load and with it this lane, so the calls hold on to it.
        wire.onBytes = { [weak self] in try self?.received(&$0) }
        wire.onEnd = { [weak self] in self?.ended($0) }
    }

    private func received(_ bytes: inout ByteBuffer) throws {
        self.reader.append(&bytes)
        while let response = try self.reader.next() {
            guard self.answer != nil else {
                throw LoadFailure("\(self.access.endpoint.address) answered a request that was not sent")
            }
            if !response.isKeptAlive {
                self.wire?.close()
                self.wire = nil
            }
            self.complete(.success(response))
        }
    }

    private func ended(_ failure: LoadFailure) {
        self.wire = nil
        if self.answer != nil { self.complete(.failure(failure)) }
    }

    private func complete(_ result: Result<HTTPResponse, LoadFailure>) {
        let answer = self.answer
        self.answer = nil
        answer?(result)
    }

    func close() {
        self.isClosed = true
        self.answer = nil
        self.waiting = nil
        self.wire?.close()
        self.wire = nil
    }
}

/// Opens lanes; all or a failure.
enum HTTPLanes {
    static func open(_ lanes: [HTTPLane], _ done: @escaping (Result<Void, LoadFailure>) -> Void) {
        var left = lanes.count
        var hasEnded = false
        for lane in lanes {
            lane.open { result in
                left -= 1
                guard !hasEnded else { return }
                switch result {
                case .failure:
                    hasEnded = true
                    done(result)
                case .success where left == 0: done(result)
                case .success: break
                }
            }
        }
    }
}
