internal import LogCore
internal import Logging
internal import Model
internal import Synchronization

extension FilePartitionLog {
    /// Removes segments that retention lets go, and producers that were silent for too long. Blocking.
    func applyRetention(now: Timestamp) {
        let age = self.head.withLock { head -> Int64 in
            head.state.removeExpiredProducers(now: now)
            return head.state.settings.producerIDExpirationMilliseconds
        }
        var wakeups = Wakeups()
        let result = self.files.withLock { files -> Result<Int, FileError> in
            files.written.removeExpiredProducers(now: now, age: age)
            guard !files.isGone, files.pending == nil, !self.head.withLock({ $0.hasFailed }) else {
                return .success(0)
            }
            do throws(FileError) {
                return .success(try self.removeSegments(&files, now: now, &wakeups))
            } catch {
                return .failure(error)
            }
        }
        wakeups.send()
        switch result {
        case .success(0):
            return
        case .success(let count):
            self.engine.logger.info(
                "removed segments",
                metadata: [
                    "partition": "\(self.name)", "count": "\(count)",
                    "logStartOffset": "\(self.offsets.logStart)",
                ]
            )
            self.engine.markDirty(self)
            self.engine.logStartMoved()
        case .failure(let error):
            self.engine.logger.error(
                "segments could not be removed",
                metadata: ["partition": "\(self.name)", "error": "\(error)"]
            )
        }
    }

    private func removeSegments(
        _ files: inout Files,
        now: Timestamp,
        _ wakeups: inout Wakeups
    ) throws(FileError) -> Int {
        var removed: [SegmentFiles] = []
        switch self.head.withLock({ $0.state.planRetention(now: now) }) {
        case .nothing:
            return 0
        case .remove(let count):
            removed = self.takeOut(count, &wakeups)
        case .removeAll(let base):
            guard self.head.withLock({ $0.state.restart(at: base, now: now) }) else { return 0 }
            // From here on the head puts the next batch into the new segment, so it must come to be.
            try self.closeActive(&files)
            try self.createSegment(at: base, &files)
            files.written.restart(at: base, now: now)
            guard let active = files.active else { preconditionFailure("a segment was just created") }
            let count = self.head.withLock { head -> Int in
                head.state.show(SegmentInfo(baseOffset: base, modifiedAt: now))
                head.handles.append(active)
                return head.handles.count - 1
            }
            removed = self.takeOut(count, &wakeups)
        }
        files.written.removeBefore(self.offsets.logStart)
        files.dirty.removeAll { segment in removed.contains { $0 === segment.files } }
        files.folderChanged = true
        for segment in removed { try segment.remove() }
        let first = self.head.withLock { $0.state.segments.first?.baseOffset } ?? 0
        let stale = files.snapshots.filter { $0 < first }
        for offset in stale { try files.folder.remove(FileNames.file(.snapshot, base: offset)) }
        files.snapshots.removeAll { $0 < first }
        return removed.count
    }

    private func takeOut(_ count: Int, _ wakeups: inout Wakeups) -> [SegmentFiles] {
        self.head.withLock { head in
            let removed = Array(head.handles[..<count])
            head.handles.removeFirst(count)
            _ = head.state.removeSegments(count: count)
            let start = head.state.logStart
            _ = head.state.dropFromMemory(before: start)
            head.collectAllReads(&wakeups)
            return removed
        }
    }
}
