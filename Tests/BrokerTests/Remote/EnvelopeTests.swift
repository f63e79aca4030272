import KafkaProtocol
import Model
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Broker

/// Calls of other brokers on the wire, and what becomes of them on the way.
@Suite struct EnvelopeTests {
    @Test func `an envelope is read as it was written, and no part of one is`() throws {
        let request = EnvelopeRequest(
            requestData: ByteBuffer(string: "data"),
            requestPrincipal: ByteBuffer(string: "p"),
            clientHostAddress: ByteBuffer(string: "host")
        )
        var bytes = ByteBuffer()
        request.encode(into: &bytes, version: 0)
        var whole = bytes
        #expect(try EnvelopeRequest.decode(from: &whole, version: 0) == request)
        for length in 0..<bytes.readableBytes {
            var cut = try #require(bytes.getSlice(at: 0, length: length))
            #expect(throws: WireError.self) { try EnvelopeRequest.decode(from: &cut, version: 0) }
        }
        let response = EnvelopeResponse(responseData: ByteBuffer(string: "answer"), errorCode: .notController)
        var answer = ByteBuffer()
        response.encode(into: &answer, version: 0)
        #expect(try EnvelopeResponse.decode(from: &answer, version: 0) == response)
    }

    @Test func `a call says whether it may have been carried out`() throws {
        let eventLoop = EmbeddedEventLoop()
        let links = ScriptedLinks([
            .response(EnvelopeResponse(responseData: ByteBuffer(string: "answer"))),
            .response(EnvelopeResponse(errorCode: .clusterAuthorizationFailed)),
            .failure(.notSent("full")), .failure(.unanswered("lost")),
        ])
        let calls = LinkedPeerCalls(links)
        let results = Mutex<[Result<ByteBuffer, PeerCallError>]>([])
        for _ in 0..<4 {
            calls.call(BrokerID(2), ByteBuffer(string: "request"), within: .seconds(1), on: eventLoop) { result in
                results.withLock { $0.append(result) }
            }
        }
        eventLoop.run()
        let outcomes = results.withLock { $0 }
        #expect(try outcomes[0].get() == ByteBuffer(string: "answer"))
        let mayHaveRun = outcomes.dropFirst().map { result -> Bool? in
            if case .failure(let error) = result { error.mayHaveRun } else { nil }
        }
        #expect(mayHaveRun == [false, false, true])
    }
}
