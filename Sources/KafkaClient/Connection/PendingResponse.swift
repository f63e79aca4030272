package import KafkaProtocol
internal import NIOCore

/// A request on its way. Its response must be awaited once.
package struct PendingResponse<Response: KafkaResponse>: Sendable {
    let version: Int16
    let call: PendingCall

    /// - Throws: `ClientError`, or `CancellationError` when the task is cancelled.
    package func value() async throws -> Response {
        try self.decode(try await self.call.value())
    }

    /// - Parameter frame: after the correlation ID.
    func decode(_ frame: ByteBuffer) throws -> Response {
        var frame = frame
        do {
            if ResponseHeader.version(for: Response.apiKey, apiVersion: self.version) >= 1 {
                try frame.skipTaggedFields()
            }
            return try Response.decode(from: &frame, version: self.version)
        } catch {
            throw ClientError(
                .malformedResponse,
                "\(self.call.address) sent a malformed \(Response.apiKey) v\(self.version) response: \(error)"
            )
        }
    }
}

/// The untyped half of a pending response.
final class PendingCall: Sendable {
    private struct State {
        var correlationID: Int32?
        var isCancelled = false
    }

    let address: BrokerAddress
    let promise: EventLoopPromise<ByteBuffer>
    private let handler: NIOLoopBound<CallHandler>
    private let loop: any EventLoop
    private let state: NIOLoopBoundBox<State>

    init(address: BrokerAddress, handler: NIOLoopBound<CallHandler>, loop: any EventLoop) {
        self.address = address
        self.promise = loop.makePromise()
        self.handler = handler
        self.loop = loop
        self.state = .makeBoxSendingValue(State(), eventLoop: loop)
    }

    /// On the loop. False when the call was cancelled before it was sent.
    func begin(_ correlationID: Int32) -> Bool {
        guard !self.state.value.isCancelled else {
            self.promise.fail(CancellationError())
            return false
        }
        self.state.value.correlationID = correlationID
        return true
    }

    /// The frame after the correlation ID.
    func value() async throws -> ByteBuffer {
        try await withTaskCancellationHandler {
            try await self.promise.futureResult.get()
        } onCancel: {
            self.loop.execute {
                self.state.value.isCancelled = true
                if let correlationID = self.state.value.correlationID { self.handler.value.abandon(correlationID) }
            }
        }
    }
}
