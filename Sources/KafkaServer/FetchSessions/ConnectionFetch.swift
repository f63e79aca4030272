internal import KafkaProtocol
internal import NIOCore

/// The fetch of one connection: what is answered now, or waits on for the client's next request.
///
/// A connection has one at a time, as Kafka has with all requests: several would hold several answers. Lives on the
/// connection's event loop.
final class ConnectionFetch {
    private var current: WaitingFetch?
    /// A fetch request has not been answered.
    private(set) var isAnswering = false

    /// Takes the connection's next fetch request. Only while none `isAnswering`.
    ///
    /// - Parameter body: the request without its header; read to its end.
    /// - Throws: `WireError` when it cannot be decoded.
    func received(_ body: inout ByteBuffer, _ call: Call<FetchResponse>) throws(WireError) {
        precondition(!self.isAnswering, "one fetch of a connection at a time")
        let whole = body
        let request: FetchRequest
        if let current {
            switch try current.resume(whole, call) {
            case .resumed:
                self.isAnswering = true
                return
            case .other(let other):
                current.cancel()
                self.current = nil
                request = other
            }
        } else {
            request = try FetchRequest.decode(from: &body, version: call.version)
        }
        self.begin(request, whole, call)
    }

    /// Carries out a request from the beginning.
    ///
    /// - Parameter body: the request as it came, without its header, to know it again; empty when that is not wanted.
    func begin(_ request: FetchRequest, _ body: ByteBuffer, _ call: Call<FetchResponse>) {
        guard let fetch = WaitingFetch.make(request, call) else { return }
        self.isAnswering = true
        self.current = fetch
        fetch.start(body)
    }

    /// The fetch is about to be answered.
    ///
    /// - Parameter isKept: it waits on for the same request.
    func answered(isKept: Bool) {
        self.isAnswering = false
        if !isKept { self.current = nil }
    }

    /// The connection is gone.
    func closed() {
        self.current?.cancel()
        self.current = nil
    }
}
