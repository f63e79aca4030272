internal import CommandCore
internal import FoundationEssentials
internal import KafkaClient
internal import Model

/// The present time, as commands count from it.
enum Clock {
    static var now: Timestamp { Timestamp(Date().timeIntervalSince1970 * 1000) }
}

extension KafkaCluster {
    /// The partitions that selections name, of topics that exist.
    ///
    /// - Throws: `NotFound` for a partition that there is not; `ClientError`.
    func partitions(_ selections: [PartitionSelection]) async throws -> [NamedPartition] {
        var result: Set<NamedPartition> = []
        for selection in selections {
            let layout = try await self.layout(of: selection.topic, refresh: true)
            for number in selection.partitions ?? layout.partitions.map(\.index) {
                guard layout.partitions.contains(where: { $0.index == number }) else {
                    throw NotFound(
                        description: "topic \(selection.topic) has no partition \(number); "
                            + "its partitions are 0 to \(layout.partitions.count - 1)"
                    )
                }
                result.insert(NamedPartition(topic: selection.topic, partition: number))
            }
        }
        return result.sorted()
    }

    /// The first and the end offsets of partitions.
    func bounds(
        of partitions: [NamedPartition]
    ) async throws -> (starts: [NamedPartition: Offset], ends: [NamedPartition: Offset]) {
        let starts = try await self.listOffsets(Dictionary(partitions.map { ($0, -2) }, uniquingKeysWith: { $1 }))
        let ends = try await self.listOffsets(Dictionary(partitions.map { ($0, -1) }, uniquingKeysWith: { $1 }))
        return (starts, ends)
    }

    /// The offset of a point in each partition.
    func offsets(
        of point: OffsetRange.Point,
        in partitions: [NamedPartition],
        starts: [NamedPartition: Offset],
        ends: [NamedPartition: Offset]
    ) async throws -> [NamedPartition: Offset] {
        var times: [NamedPartition: Offset] = [:]
        if let timestamp = point.timestamp {
            times = try await self.listOffsets(
                Dictionary(partitions.map { ($0, timestamp) }, uniquingKeysWith: { $1 })
            )
        }
        return Dictionary(
            partitions.map { partition in
                let offset = point.offset(
                    start: starts[partition] ?? 0,
                    end: ends[partition] ?? 0,
                    time: times[partition]
                )
                return (partition, offset)
            },
            uniquingKeysWith: { $1 }
        )
    }
}
