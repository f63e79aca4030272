package import Model

/// Which extents are written again, and together: many small ones of a partition become a segment of its own, or, while
/// there is not enough for one, a larger stretch of another shared object.
package struct MergePlan: Sendable, Equatable {
    package struct Settings: Sendable, Equatable {
        package var segmentBytesMin: Int64 = 32 << 20
        package var segmentBytesMax: Int64 = 128 << 20
        package var sharedBytesMax: Int64 = 256 << 20
        /// So many small extents at the end of a partition are made one.
        package var smallCountMin = 4
        package var partitionsMax = 2_048

        package init() {}
    }

    /// Neighbours that become one extent.
    package struct Piece: Sendable, Equatable {
        package var partition: TopicPartition
        package var extents: [Extent]

        package init(partition: TopicPartition, extents: [Extent]) {
            self.partition = partition
            self.extents = extents
        }

        package var bytes: Int64 { self.extents.reduce(0) { $0 + $1.sizeBytes } }
        package var baseOffset: Offset { self.extents[0].baseOffset }
        package var endOffset: Offset { self.extents[self.extents.count - 1].endOffset }
    }

    package struct Object: Sendable, Equatable {
        /// Sorted by topic and partition.
        package var pieces: [Piece]
        package var isShared: Bool
    }

    package private(set) var objects: [Object] = []

    /// - Parameters:
    ///   - partitions: that this broker leads.
    ///   - sparse: shared objects that should be left (`SharedObject.isSparse`).
    package init(
        _ partitions: [(partition: TopicPartition, extents: PartitionExtents)],
        sparse: Set<CompactedObjectName> = [],
        settings: Settings = Settings()
    ) {
        var small: [Piece] = []
        for (partition, extents) in partitions.sorted(by: { $0.partition.precedes($1.partition) }) {
            for run in Self.unsettled(extents, settings) {
                var rest = run[...]
                while let segment = Self.segment(&rest, settings) {
                    self.objects.append(
                        Object(pieces: [Piece(partition: partition, extents: segment)], isShared: false)
                    )
                }
                let tail = Self.tail(Array(rest), sparse, settings)
                if !tail.isEmpty { small.append(Piece(partition: partition, extents: tail)) }
            }
        }
        self.gather(small, settings)
    }

    /// Stretches of extents that are not segments yet. None reaches over the end of what compaction cleaned, or it
    /// could not be said any more how much of the log is dirty.
    private static func unsettled(_ partition: PartitionExtents, _ settings: Settings) -> [[Extent]] {
        let stretches = partition.extents.split {
            !$0.section.isShared && $0.sizeBytes >= settings.segmentBytesMin
        }
        guard let cleanedEnd = partition.head.cleanedEnd else { return stretches.map(Array.init) }
        return stretches.flatMap { stretch in
            let dirty = stretch.firstIndex { $0.baseOffset >= cleanedEnd } ?? stretch.endIndex
            return [Array(stretch[..<dirty]), Array(stretch[dirty...])].filter { !$0.isEmpty }
        }
    }

    /// Takes as many extents from the front as make a segment; `nil` when they are not enough.
    private static func segment(_ rest: inout ArraySlice<Extent>, _ settings: Settings) -> [Extent]? {
        var bytes: Int64 = 0
        var count = 0
        for extent in rest {
            if bytes >= settings.segmentBytesMin, bytes + extent.sizeBytes > settings.segmentBytesMax { break }
            bytes += extent.sizeBytes
            count += 1
        }
        guard bytes >= settings.segmentBytesMin else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// The newest extents that are worth being made one: enough of them, the older ones not much larger than all newer
    /// ones together, so that a byte is written again a few times only. And those in sparse objects.
    private static func tail(
        _ extents: [Extent],
        _ sparse: Set<CompactedObjectName>,
        _ settings: Settings
    ) -> [Extent] {
        var bytes: Int64 = 0
        var start = extents.endIndex
        for index in extents.indices.reversed() {
            guard bytes == 0 || extents[index].sizeBytes <= 2 * bytes else { break }
            bytes += extents[index].sizeBytes
            start = index
        }
        if extents.count - start < settings.smallCountMin { start = extents.endIndex }
        if let first = extents.firstIndex(where: { sparse.contains($0.section.object) }) { start = min(start, first) }
        return Array(extents[start...])
    }

    private mutating func gather(_ pieces: [Piece], _ settings: Settings) {
        var object: [Piece] = []
        var bytes: Int64 = 0
        for piece in pieces {
            if !object.isEmpty, bytes + piece.bytes > settings.sharedBytesMax || object.count == settings.partitionsMax
            {
                self.objects.append(Object(pieces: object, isShared: object.count > 1))
                object = []
                bytes = 0
            }
            object.append(piece)
            bytes += piece.bytes
        }
        if !object.isEmpty { self.objects.append(Object(pieces: object, isShared: object.count > 1)) }
    }
}
