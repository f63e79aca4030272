import KafkaProtocol
import NIOCore
import NIOEmbedded
import Quotas
import Serving
import Testing

@testable import Broker
@testable import KafkaServer

/// What clients beyond their quotas are answered, and when their next request begins (KIP-219).
@Suite struct QuotaAnswerTests {
    private struct RefusingGate: Gate {
        func decide(_ request: GateRequest) -> GateDecision { .refuse(.notAuthorized) }
    }

    private static func limit(_ harness: ConnectionHarness, _ quotas: [QuotaKind: Double]) {
        var table = QuotaTable()
        table.set(quotas, for: .client(user: .byDefault))
        harness.quotas.quotasChanged(table)
    }

    @Test(arguments: [false, true])
    func `every API's answer tells the client to pause, in each version that can, refused or not`(
        isRefused: Bool
    ) async throws {
        let gate: any Gate = isRefused ? RefusingGate() : OpenGate()
        try await ConnectionHarness.withConnection(gate: gate) { harness in
            // Any time at all is too much; the pause is one sample.
            Self.limit(harness, [.requestPercentage: 1e-9])
            for probe in GateTests.probes where probe.key != .writeTxnMarkers {
                for version in probe.versions {
                    // Where it is carried out it may be answered from a task of its own.
                    guard isRefused || Self.answersAtOnce.contains(probe.key) else { continue }
                    let pause = try probe.pause(harness, version)
                    #expect(pause != nil, "\(probe.key) v\(version)")
                    if let pause, pause.isSaid { #expect(pause.milliseconds == 1000, "\(probe.key) v\(version)") }
                    harness.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
                }
            }
        }
    }

    private static let answersAtOnce: [APIKey] = [
        .produce, .fetch, .apiVersions, .describeCluster, .describeClientQuotas,
    ]

    @Test func `without quotas nobody is told to pause`() async throws {
        try await ConnectionHarness.withConnection { harness in
            for probe in GateTests.probes where Self.answersAtOnce.contains(probe.key) {
                for version in probe.versions {
                    let pause = try probe.pause(harness, version)
                    if let pause { #expect(pause.milliseconds == 0, "\(probe.key) v\(version)") }
                }
            }
        }
    }

    @Test func `a throttled request is answered at once, and no later one begins until its time is over`() async throws
    {
        try await ConnectionHarness.withConnection { harness in
            Self.limit(harness, [.producerByteRate: 1])
            let loop = harness.channel.embeddedEventLoop
            let produce = ProduceRequest(
                acks: -1,
                topics: [.init(name: String(repeating: "t", count: 100), partitions: [.init(partitionIndex: 0)])]
            )
            try harness.send(produce, version: 9, correlationID: 1)
            let first = try #require(try harness.receive(ProduceResponse.self, version: 9))
            #expect(first.correlationID == 1 && first.response.throttleTimeMs > 1000)
            let pause = Int64(first.response.throttleTimeMs)
            try harness.send(DescribeClusterRequest(), version: 0, correlationID: 2)
            #expect(try harness.receive(DescribeClusterResponse.self, version: 0) == nil)
            loop.advanceTime(by: .milliseconds(pause - 1))
            #expect(try harness.receive(DescribeClusterResponse.self, version: 0) == nil)
            loop.advanceTime(by: .milliseconds(1))
            let second = try #require(try harness.receive(DescribeClusterResponse.self, version: 0))
            #expect(second.correlationID == 2 && second.response.throttleTimeMs == 0)
        }
    }

    @Test func `a produce without acknowledgement is throttled as well`() async throws {
        try await ConnectionHarness.withConnection { harness in
            Self.limit(harness, [.producerByteRate: 1])
            try harness.send(ProduceRequest(acks: 0), version: 9)
            try harness.send(DescribeClusterRequest(), version: 0)
            #expect(try harness.receive(DescribeClusterResponse.self, version: 0) == nil)
            harness.channel.embeddedEventLoop.advanceTime(by: .seconds(3600))
            #expect(try harness.receive(DescribeClusterResponse.self, version: 0) != nil)
        }
    }

    @Test func `a throttled fetch is answered with nothing and opens no session`() async throws {
        try await ConnectionHarness.withConnection { harness in
            let request = FetchRequest(
                maxBytes: 1000,
                sessionEpoch: 0,
                topics: [.init(name: "t", partitions: [.init(partitionIndex: 0)])]
            )
            try harness.send(request, version: 12)
            let before = try #require(try harness.receive(FetchResponse.self, version: 12)).response
            #expect(before.sessionID != 0 && before.topics.count == 1)
            Self.limit(harness, [.requestPercentage: 1e-9])
            try harness.send(request, version: 12)
            let throttled = try #require(try harness.receive(FetchResponse.self, version: 12)).response
            #expect(throttled.throttleTimeMs == 1000 && throttled.topics.isEmpty)
            #expect(throttled.sessionID == 0 && throttled.errorCode == .none)
            harness.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        }
    }

    @Test func `the time of the loop counts what was spent and nothing while it waits`() {
        var time = LoopTime()
        let start = NIODeadline.uptimeNanoseconds(1000)
        #expect(time.begin(now: start) == true)
        #expect(time.begin(now: start + .nanoseconds(5)) == false, "an answer within a request")
        #expect(time.take(now: start + .nanoseconds(30)) == 30)
        #expect(time.take(now: start + .nanoseconds(50)) == 20)
        time.end()
        _ = time.take(now: start)
        #expect(time.take(now: start + .seconds(1)) == 0)
    }
}
