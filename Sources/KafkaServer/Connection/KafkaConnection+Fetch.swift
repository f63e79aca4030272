internal import Broker
internal import KafkaProtocol
internal import NIOCore
internal import Serving

/// What a connection keeps for fetches.
struct FetchSlot {
    /// The last fetch that found nothing, waiting on for the next request.
    private(set) var parked: ParkedFetch?
    /// The fetch request that is being started, without its header.
    var body = ByteBuffer()

    mutating func take() -> ParkedFetch? { self.parked.take() }

    mutating func park(_ fetch: ParkedFetch) {
        if self.parked?.operation !== fetch.operation { self.unpark() }
        self.parked = fetch
    }

    mutating func unpark() {
        self.parked?.operation.cancel()
        self.parked = nil
    }
}

extension KafkaConnection {
    /// Resumes the fetch that last found nothing, if this asks for the same; it ends that one otherwise.
    ///
    /// - Returns: whether the request is in hand.
    func resumeFetch(_ body: ByteBuffer, _ info: RequestInfo, _ ticket: RequestTicket) -> Bool {
        guard let eventLoop = self.context?.eventLoop else { return false }
        if let parked = self.fetch.take() {
            let call = Call<FetchResponse>(
                info: info,
                services: self.services,
                eventLoop: eventLoop,
                connection: self,
                ticket: ticket
            )
            if parked.goOn(body, call) {
                self.fetch.park(parked)
                return true
            }
            parked.operation.cancel()
        }
        self.fetch.body = body
        return false
    }

    /// Keeps a fetch that found nothing for the next request, which is likely to be the same.
    func park(_ fetch: ParkedFetch) {
        if self.core.isClosed {
            fetch.operation.cancel()
        } else {
            self.fetch.park(fetch)
        }
    }
}
