internal import LogCore
internal import LogObjects
internal import Logging
internal import Model
internal import NIOCore
internal import ObjectStore
internal import RecordBatch
internal import Synchronization
internal import Threads

/// Small extents become larger ones (`MergePlan`).
extension ObjectLogEngine {
    /// Objects that one round writes: a checkpoint does not wait for more.
    private static let mergesPerRound = 4
    /// Counts of shared objects that one round looks at.
    private static let countsPerRound = 500

    /// Makes the merges that are worth it now. Not beside a checkpoint, which closes what an earlier one left open.
    func merge(_ settings: MergePlan.Settings) async {
        let compacted = self.compactions.inProgress
        let stored = self.logs.filter { $0.partition != compacted }.map { log in
            (partition: log.partition, extents: log.head.withLock { $0.durable.extents })
        }
        do throws(MaintenanceFailure) {
            let sparse = try await self.sparseObjects(stored.map(\.extents))
            let plan = MergePlan(stored, sparse: sparse, settings: settings)
            for object in plan.objects.prefix(Self.mergesPerRound) { try await self.write(object) }
        } catch {
            if case .ended = error { return }
            self.logger.warning("a merge failed and is planned again", metadata: ["error": "\(error)"])
        }
    }

    private func sparseObjects(
        _ extents: [PartitionExtents]
    ) async throws(MaintenanceFailure) -> Set<CompactedObjectName> {
        let shared = Set(extents.flatMap(\.extents).map(\.section).filter(\.isShared).map(\.object))
        let counts = try await self.storedObjects(Array(shared.sorted().prefix(Self.countsPerRound)))
        return Set(counts.filter(\.value.value.isSparse).keys)
    }

    private func write(_ object: MergePlan.Object) async throws(MaintenanceFailure) {
        let now = self.time.wallMilliseconds
        try await self.writeObject(isShared: object.isShared, partitions: object.pieces.count, now: now) {
            (builder, writer) async throws(MaintenanceFailure) in
            var updates: [HeadUpdate] = []
            for piece in object.pieces {
                let merged = try await self.write(piece, &builder, &writer)
                updates.append(.swap(ExtentSwap(partition: piece.partition, old: piece.extents, new: [merged])))
            }
            return updates
        }
    }

    /// Copies the batches of neighbouring extents. One extent is in memory at a time; it is smaller than a segment.
    private func write(
        _ piece: MergePlan.Piece,
        _ builder: inout CompactedObjectBuilder,
        _ writer: inout ObjectWriter
    ) async throws(MaintenanceFailure) -> Extent {
        builder.beginExtent(piece.partition, baseOffset: piece.baseOffset)
        var aborted: [AbortedTransactions.Entry] = []
        for extent in piece.extents {
            do throws(ObjectCodingError) {
                try self.append(try extent.section.verified(try await self.bytes(of: extent.section)), to: &builder)
                if extent.hasAborted {
                    let range = extent.section.end..<extent.section.end + extent.detailLength
                    let bytes = try await self.bytes(of: extent.section.object, range)
                    aborted += try ExtentDetail(decoding: bytes, of: extent).aborted
                }
            } catch {
                throw .damaged(error.message)
            }
            do throws(ObjectStoreError) {
                try await writer.take(&builder)
            } catch {
                throw .store(error)
            }
        }
        return builder.endExtent(
            endOffset: piece.endOffset,
            isCompacted: piece.extents.contains(where: \.isCompacted),
            aborted: aborted
        )
    }

    private func append(
        _ bytes: ByteBuffer,
        to builder: inout CompactedObjectBuilder
    ) throws(ObjectCodingError) {
        var cursor = BatchCursor(bytes)
        var position = bytes.readerIndex
        do throws(RecordBatchError) {
            while let batch = try cursor.next() {
                guard let whole = bytes.getSlice(at: position, length: batch.header.sizeInBytes) else { break }
                builder.append(batch.header, [whole])
                position += batch.header.sizeInBytes
            }
        } catch {
            throw ObjectCodingError(.damaged, "An extent is not record batches: \(error)")
        }
    }
}
