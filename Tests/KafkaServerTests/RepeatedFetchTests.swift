import KafkaProtocol
import Model
import NIOCore
import Testing

@testable import KafkaServer

/// A request is known again by what the codec reads, in every version.
@Suite struct RepeatedFetchTests {
    private static func topics(_ version: Int16, _ partitions: [Int32] = [0, 1]) -> [FetchRequest.Topic] {
        [
            FetchRequest.Topic(
                name: version < 13 ? "orders" : "",
                topicID: version < 13 ? .zero : TopicID(high: 1, low: 2),
                partitions: partitions.map {
                    FetchRequest.Partition(partitionIndex: $0, fetchOffset: 100 + Int64($0), partitionMaxBytes: 1 << 20)
                }
            )
        ]
    }

    private static func request(_ version: Int16, _ change: (inout FetchRequest) -> Void = { _ in }) -> FetchRequest {
        var request = FetchRequest(maxWaitMs: 500, minBytes: 1, maxBytes: 1 << 20, topics: Self.topics(version))
        change(&request)
        return request
    }

    private static func body(_ request: FetchRequest, _ version: Int16) -> ByteBuffer {
        var body = ByteBuffer()
        request.encode(into: &body, version: version)
        return body
    }

    private static func repeated(_ request: FetchRequest, _ version: Int16, sessionID: Int32 = 0) -> RepeatedFetch? {
        RepeatedFetch(
            request,
            Self.body(request, version),
            version: version,
            sessionID: sessionID,
            asked: FetchAPI.asked(request)
        )
    }

    @Test(arguments: FetchRequest.versions)
    func `the same request, and one with its partitions in another order`(version: Int16) throws {
        let request = Self.request(version)
        var repeated = try #require(Self.repeated(request, version))
        guard case .same = try repeated.compare(with: Self.body(request, version), version: version) else {
            Issue.record("not known again")
            return
        }
        let turned = Self.request(version) { $0.topics = Self.topics(version, [1, 0]) }
        guard case .reordered([1, 0]) = try repeated.compare(with: Self.body(turned, version), version: version) else {
            Issue.record("not known in another order")
            return
        }
    }

    @Test(arguments: FetchRequest.versions)
    func `any other wish makes another request`(version: Int16) throws {
        var repeated = try #require(Self.repeated(Self.request(version), version))
        var changes: [(inout FetchRequest) -> Void] = [
            { $0.maxWaitMs += 1 }, { $0.minBytes += 1 }, { $0.maxBytes -= 1 }, { $0.isolationLevel = 1 },
            { $0.topics[0].partitions[1].fetchOffset += 1 }, { $0.topics[0].partitions[1].partitionMaxBytes -= 1 },
            { $0.topics[0].partitions.removeLast() }, { $0.topics = [] },
        ]
        if version <= 14 { changes.append { $0.replicaID = BrokerID(3) } }
        if version >= 15 { changes.append { $0.replicaState.replicaID = BrokerID(3) } }
        if version >= 7 {
            changes.append { $0.sessionEpoch = 0 }
            changes.append { $0.sessionID = 5 }
            changes.append {
                $0.forgottenTopics = [
                    FetchRequest.ForgottenTopic(
                        name: version < 13 ? "orders" : "",
                        topicID: version < 13 ? .zero : TopicID(high: 1, low: 2),
                        partitions: [1]
                    )
                ]
            }
        }
        for (number, change) in changes.enumerated() {
            let other = Self.request(version, change)
            guard case .other(let decoded) = try repeated.compare(with: Self.body(other, version), version: version)
            else {
                Issue.record("change \(number) was not seen")
                continue
            }
            #expect(decoded == other)
        }
        for other in FetchRequest.versions where other != version && (other < 13) == (version < 13) {
            let body = Self.body(Self.request(other), other)
            guard case .other = try repeated.compare(with: body, version: other) else {
                Issue.record("version \(other) answers in another shape")
                continue
            }
        }
    }

    @Test(arguments: 7...18 as ClosedRange<Int16>)
    func `in a session only the epoch counts on`(version: Int16) throws {
        func next(_ epoch: Int32, _ change: (inout FetchRequest) -> Void = { _ in }) -> FetchRequest {
            Self.request(version) {
                $0.topics = []
                $0.sessionID = 77
                $0.sessionEpoch = epoch
                change(&$0)
            }
        }
        var repeated = try #require(Self.repeated(next(4), version, sessionID: 77))
        for epoch in [5, 1, 9] as [Int32] {
            guard
                case .sameSession(epoch) = try repeated.compare(with: Self.body(next(epoch), version), version: version)
            else {
                Issue.record("epoch \(epoch)")
                continue
            }
        }
        for other in [next(5) { $0.sessionID = 78 }, next(5) { $0.minBytes = 2 }, Self.request(version)] {
            guard case .other = try repeated.compare(with: Self.body(other, version), version: version) else {
                Issue.record("\(other)")
                continue
            }
        }
        #expect(Self.repeated(Self.request(version), version, sessionID: 77) == nil, "it changes the session")
        #expect(Self.repeated(next(0) { $0.sessionID = 0 }, version, sessionID: 77) == nil, "it opens the session")
    }

    @Test(arguments: FetchRequest.versions)
    func `a request that is cut off is malformed, however it begins`(version: Int16) throws {
        var repeated = try #require(Self.repeated(Self.request(version), version))
        let whole = Self.body(Self.request(version), version)
        for length in 0..<whole.readableBytes {
            let cut = try #require(whole.getSlice(at: 0, length: length))
            #expect(throws: WireError.self) { _ = try repeated.compare(with: cut, version: version) }
        }
    }

    @Test(arguments: FetchRequest.versions)
    func `an answer is given to another request of the same version`(version: Int16) throws {
        let response = FetchResponse(sessionID: version >= 7 ? 9 : 0)
        var frame = OutputParts.frame(response, correlationID: 1, version: version).buffers()[0]
        ResponseHeader.setCorrelationID(2, ofFrame: &frame)
        #expect(frame == OutputParts.frame(response, correlationID: 2, version: version).buffers()[0])
    }

    @Test func `a request that is too large is not kept`() {
        let version = 12 as Int16
        let partitions = (0..<10_000).map { Int32($0) }
        #expect(Self.repeated(Self.request(version) { $0.topics = Self.topics(version, partitions) }, version) == nil)
    }
}
