import LogObjects
import Model
import NIOCore
import RecordBatch

extension FuzzTarget {
    static let cluster: [FuzzTarget] = [
        FuzzTarget(name: "cluster", seeds: Self.clusterSeeds, read: Self.readCluster)
    ]

    private static func clusterSeeds() -> [ByteBuffer] {
        let batches = ByteBuffer(repeating: 7, count: 40)
        let run = FlushRun(
            partition: TopicPartition(topicID: TopicID(high: 1, low: 2), partition: 3),
            leaderEpoch: LeaderEpoch(4),
            baseOffset: 5,
            offsetCount: 6,
            position: FlushObject.headerBytes,
            length: 40,
            checksum: batches.withUnsafeReadableBytes { CRC32C.checksum($0) },
            maxTimestamp: 7,
            producers: [
                ProducerRun(
                    kind: .abortMarker,
                    producerID: ProducerID(8),
                    producerEpoch: ProducerEpoch(9),
                    baseSequence: -1,
                    offsetDelta: 5,
                    offsetCount: 1,
                    maxTimestamp: 7,
                    coordinatorEpoch: 10
                )
            ]
        )
        let record = CommitRecord(attempt: 1, objectSize: 200, runs: [run])
        let writer = Incarnation(broker: BrokerID(1), number: 2)
        var object = ByteBuffer()
        for part in FlushObject.parts(writer: writer, sequence: 3, runs: [run], batches: [batches]) {
            object.writeImmutableBuffer(part)
        }
        return [.choosing(0, record.encoded()), .choosing(1, object), .choosing(2, ByteBuffer(string: "w/1-2/3.0"))]
    }

    /// The first byte chooses what is read. A commit record's checksum is mended, so that mutations get past it.
    private static func readCluster(_ input: ByteBuffer) {
        guard let (choice, rest) = input.split() else { return }
        switch choice % 3 {
        case 0:
            guard rest.readableBytes > 4,
                var bytes = rest.getSlice(at: rest.readerIndex, length: rest.readableBytes - 4)
            else { return }
            bytes.writeInteger(bytes.withUnsafeReadableBytes { CRC32C.checksum($0) })
            guard let record = try? CommitRecord(decoding: bytes) else { return }
            let again = try? CommitRecord(decoding: record.encoded())
            Self.require(again == record, "a commit record changes when it is written")
        case 1:
            guard let read = try? FlushObject.inspect(rest) else { return }
            for run in read.runs {
                guard let bytes = try? StoredRun.verified(run, in: rest) else { continue }
                _ = try? StoredRun.parts(run, bytes)
            }
        default:
            let text = String(buffer: rest)
            if let name = FlushObjectName(text) { Self.require(name.description == text, "a name has two spellings") }
        }
    }
}
