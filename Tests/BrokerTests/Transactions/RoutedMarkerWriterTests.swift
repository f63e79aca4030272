import KafkaProtocol
import LogCore
import Model
import NIOCore
import NIOEmbedded
import Synchronization
import Testing
import TransactionCoordinator

@testable import Broker

/// Markers of one transaction whose partitions several brokers lead.
@Suite struct RoutedMarkerWriterTests {
    /// Notes what is written here.
    private final class Local: TransactionMarkerWriter {
        let written = Mutex<[TransactionPartition]>([])

        func write(
            _ marker: TransactionEnd,
            to partitions: [TransactionPartition],
            on eventLoop: any EventLoop,
            completion: @escaping @Sendable ([MarkerResult]) -> Void
        ) {
            self.written.withLock { $0 += partitions }
            completion(partitions.map { _ in .ended(.written) })
        }
    }

    private static let marker = TransactionEnd(
        producerID: ProducerID(7),
        producerEpoch: ProducerEpoch(3),
        commits: true,
        coordinatorEpoch: 5,
        transactionVersion: 2
    )

    private static func place(_ partition: Int32) -> TransactionPartition {
        TransactionPartition(topic: "t", partition: partition)
    }

    private static func answer(_ codes: [(Int32, ErrorCode)]) -> ScriptedLinks.Reply {
        .response(
            WriteTxnMarkersResponse(markers: [
                .init(
                    producerID: ProducerID(7),
                    topics: [
                        .init(name: "t", partitions: codes.map { .init(partitionIndex: $0.0, errorCode: $0.1) })
                    ]
                )
            ])
        )
    }

    private func write(
        _ partitions: [TransactionPartition],
        _ placements: [PartitionPlacement],
        _ links: ScriptedLinks,
        _ local: Local = Local(),
        isGone: Bool = false
    ) -> [MarkerResult]? {
        let loop = EmbeddedEventLoop()
        let registry = TopicRegistry()
        registry.publish(.placed("t", placements))
        let writer = RoutedMarkerWriter(local: local, topics: registry, links: links) { _, _, completion in
            completion(isGone)
        }
        let results = NIOLoopBoundBox<[MarkerResult]?>(nil, eventLoop: loop)
        writer.write(Self.marker, to: partitions, on: loop) { results.value = $0 }
        loop.run()
        return results.value
    }

    @Test func `each broker gets one request, and its own partitions go the local way`() throws {
        let links = ScriptedLinks([
            Self.answer([(2, .none), (3, .none)]), Self.answer([(2, .none), (3, .none)]), Self.answer([(4, .none)]),
        ])
        let local = Local()
        let placements: [PartitionPlacement] = [.unassigned, .acquiring(LeaderEpoch(1)), .at(2), .at(2)]
        let results = self.write((0..<4).map(Self.place), placements, links, local)
        #expect(results == Array(repeating: .ended(.written), count: 4))
        #expect(local.written.withLock { $0 } == [Self.place(0), Self.place(1)])
        #expect(links.sent.map(\.broker) == [BrokerID(2)])
        let request = try #require(links.sent.first?.request as? WriteTxnMarkersRequest)
        let marker = try #require(request.markers.first)
        #expect(request.markers.count == 1)
        #expect(marker.producerID == ProducerID(7) && marker.producerEpoch == ProducerEpoch(3))
        #expect(marker.transactionResult && marker.coordinatorEpoch == 5 && marker.transactionVersion == 2)
        #expect(marker.topics.map(\.partitionIndexes) == [[2, 3]])
        let others = ScriptedLinks([Self.answer([(0, .none)]), Self.answer([(1, .none)])])
        #expect(self.write((0..<2).map(Self.place), [.at(2), .at(3)], others)?.count == 2)
        #expect(Set(others.sent.map(\.broker)) == [BrokerID(2), BrokerID(3)])
    }

    @Test func `a lost answer, and a broker that does not know the partition, are tried again`() {
        let lost = self.write([Self.place(0)], [.at(2)], ScriptedLinks([.failure(.unanswered("lost"))]))
        #expect(lost?.map(\.isRetriable) == [true])
        for code in [
            ErrorCode.notLeaderOrFollower, .unknownTopicOrPartition, .requestTimedOut, .clusterAuthorizationFailed,
        ] {
            let results = self.write([Self.place(0)], [.at(2)], ScriptedLinks([Self.answer([(0, code)])]))
            #expect(results?.map(\.isRetriable) == [true], "\(code)")
        }
        let silent = self.write((0..<2).map(Self.place), [.at(2), .at(2)], ScriptedLinks([Self.answer([(1, .none)])]))
        #expect(silent == [.failed(.timedOut), .ended(.written)])
    }

    @Test func `who was overtaken has nothing left to end`() {
        let reply = Self.answer([(0, .invalidProducerEpoch), (1, .transactionCoordinatorFenced)])
        let results = self.write((0..<2).map(Self.place), [.at(2), .at(2)], ScriptedLinks([reply]))
        #expect(results == [.ended(.fenced), .ended(.coordinatorFenced)])
    }

    @Test func `a partition that is not in the table is given up only when the metadata says so`() {
        let behind = self.write([Self.place(5)], [.at(2)], ScriptedLinks())
        #expect(behind == [.failed(.unknownTopicOrPartition)])
        #expect(behind?.map(\.isRetriable) == [true])
        #expect(self.write([Self.place(5)], [.at(2)], ScriptedLinks(), isGone: true) == [.unknownPartition])
    }
}
