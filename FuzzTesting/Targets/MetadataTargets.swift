import Metadata
import Model
import NIOCore

extension FuzzTarget {
    static let metadata: [FuzzTarget] = [
        FuzzTarget(name: "metadata", seeds: Self.metadataSeeds, read: Self.readMetadata)
    ]

    private static func metadataSeeds() -> [ByteBuffer] {
        let topic = Topic(
            name: "t",
            id: TopicID(high: 1, low: 2),
            createdAt: 5,
            origin: .kinesis,
            partitions: [],
            configs: ["a": "b"],
            routing: .md5,
            streamMode: .provisioned,
            tags: ["x": "y"],
            shards: []
        )
        let entry = MetadataEntry(
            key: MetadataKey("t/t"),
            value: topic.encoded(),
            createRevision: 1,
            modRevision: 2,
            version: 1,
            session: MetadataSessionID(4)
        )
        let contents = MetadataContents(
            revision: 7,
            entries: [entry],
            sessions: [MetadataSessionID(4): 1_000],
            lastSessionID: 4
        )
        let records: [MirrorRecord] = [
            .snapshot(contents),
            .change(8, [.put(entry)], ended: MetadataSessionID(4)),
            .sessionOpened(MetadataSessionID(5), milliseconds: 10),
        ]
        let identity = ClusterIdentity(clusterID: "c", createdAt: 3)
        let deletion = PendingDeletion(topic)
        return [
            [.choosing(0, ByteBuffer(bytes: topic.encoded())), .choosing(2, ByteBuffer(bytes: identity.encoded()))],
            records.map { .choosing(1, ByteBuffer(bytes: $0.encoded())) },
            [.choosing(3, ByteBuffer(bytes: deletion.encoded()))],
        ].flatMap { $0 }
    }

    /// The first byte chooses what is read.
    private static func readMetadata(_ input: ByteBuffer) {
        guard let (choice, rest) = input.split() else { return }
        let bytes = rest.allBytes
        func entry(_ key: MetadataKey) -> MetadataEntry {
            MetadataEntry(key: key, value: bytes, createRevision: 1, modRevision: 2, version: 1)
        }
        switch choice % 5 {
        case 0:
            guard let topic = try? Topic.decode(bytes, name: "t", modRevision: 2) else { return }
            let again = try? Topic.decode(topic.encoded(), name: "t", modRevision: 2)
            Self.require(again == topic, "a topic changes when it is written")
        case 1:
            guard let record = try? MirrorRecord(decoding: bytes[...]) else { return }
            let again = try? MirrorRecord(decoding: record.encoded()[...])
            Self.require(again == record, "a record of the metadata's copy changes when it is written")
        case 2: _ = try? ClusterIdentity.decode(bytes)
        case 3: _ = try? PendingDeletion.decode(entry(MetadataKeys.deletion(TopicID(high: 1, low: 2))))
        default:
            _ = try? RetiredStreams.decode(entry(MetadataKeys.retiredStreams))
            _ = GroupConfigs(decoding: bytes)
        }
    }
}
