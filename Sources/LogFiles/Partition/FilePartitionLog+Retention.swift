internal import LogCore
internal import Logging
internal import Model
internal import Synchronization

extension FilePartitionLog {
    /// Takes segments that retention lets go out of the readers' sight, and removes producers that were silent for too
    /// long. Blocking.
    ///
    /// - Returns: the segments, whose files `remove` takes away once the log start offset is durable: without that, a
    ///   later start would miss them.
    func expire(now: Timestamp) -> [SegmentFiles] {
        let age = self.head.withLock { head -> Int64 in
            head.state.removeExpiredProducers(now: now)
            return head.state.settings.producerIDExpirationMilliseconds
        }
        var wakeups = Wakeups()
        let result = self.files.withLock { files -> Result<[SegmentFiles], FileError> in
            files.stored.removeExpiredProducers(now: now, age: age)
            guard files.pending == nil, !files.isSwapping, self.mayWrite else { return .success([]) }
            do throws(FileError) {
                return .success(try self.expired(&files, now: now, &wakeups))
            } catch {
                return .failure(error)
            }
        }
        wakeups.send()
        switch result {
        case .success(let removed):
            return removed
        case .failure(let error):
            self.couldNotRemove(error)
            return []
        }
    }

    /// Removes the files of segments that `expire` took out. Blocking.
    func remove(_ expired: [SegmentFiles]) {
        let failure = self.files.withLock { files -> FileError? in
            do throws(FileError) {
                for segment in expired { try segment.remove() }
                let first = self.head.withLock { $0.layout.firstOffset } ?? 0
                let stale = files.snapshots.filter { $0 < first }
                for offset in stale { try files.folder.remove(FileNames.file(.snapshot, base: offset)) }
                files.snapshots.removeAll { $0 < first }
                return nil
            } catch {
                return error
            }
        }
        if let failure { return self.couldNotRemove(failure) }
        self.engine.logger.info(
            "removed segments",
            metadata: [
                "partition": "\(self.name)", "count": "\(expired.count)",
                "logStartOffset": "\(self.offsets.logStart)",
            ]
        )
        self.engine.markDirty(self)
    }

    private func couldNotRemove(_ error: FileError) {
        self.engine.logger.error(
            "segments could not be removed",
            metadata: ["partition": "\(self.name)", "error": "\(error)"]
        )
    }

    private func expired(
        _ files: inout Files,
        now: Timestamp,
        _ wakeups: inout Wakeups
    ) throws(FileError) -> [SegmentFiles] {
        let removed: [SegmentFiles]
        switch self.head.withLock({ $0.retentionPlan(now: now) }) {
        case .nothing:
            return []
        case .remove(let count):
            removed = self.takeOut(count, &wakeups)
        case .removeAll:
            // What is appended meanwhile goes to the new segment: it is written when this lock is free again.
            let base = files.stored.endOffset
            try self.closeActive(&files)
            try self.createSegment(at: base, createdAt: now, &files)
            guard let active = files.active else { preconditionFailure("a segment was just created") }
            let count = self.head.withLock { head -> Int in
                head.layout.publish(SegmentInfo(baseOffset: base, modifiedAt: now), active)
                return head.layout.segments.count - 1
            }
            removed = self.takeOut(count, &wakeups)
        }
        files.stored.removeBefore(self.offsets.logStart)
        files.unforced.remove(removed)
        return removed
    }

    /// - Parameter logStart: before they go.
    private func countDeleted(_ segments: [SegmentInfo], _ count: Int, logStart: Offset) {
        for (index, segment) in segments.prefix(count).enumerated() where index + 1 < segments.count {
            let isDeleted = segments[index + 1].baseOffset <= logStart
            self.engine.deletedBytes.add(segment.sizeBytes, isDeleted ? .deleteRecords : .retention)
        }
    }

    private func takeOut(_ count: Int, _ wakeups: inout Wakeups) -> [SegmentFiles] {
        self.head.withLock { head in
            self.countDeleted(head.layout.infos, count, logStart: head.state.logStart)
            let removed = head.layout.removeFirst(count)
            _ = head.state.moveLogStart(to: head.layout.firstOffset ?? 0)
            _ = head.state.evict(before: head.state.logStart)
            head.collectAllReads(&wakeups)
            return removed
        }
    }
}

extension FilePartitionLog.Head {
    fileprivate func retentionPlan(now: Timestamp) -> Retention.Plan {
        Retention.plan(
            self.layout.infos,
            offsets: self.state.offsets,
            hasUnstored: self.state.storedEnd != self.state.logEnd,
            sizeBytes: self.sizeBytes,
            settings: self.state.settings,
            now: now
        )
    }
}
