internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// Walks the batches of a segment for a search that looks at their headers and decodes few of them.
///
/// A batch is decoded with its checksum only. Damage before the answer is the answer: what it hides may be what was
/// looked for.
struct SegmentSearch {
    enum Failure: Error {
        case file(FileError)
        case damaged(DamagedRange)
    }

    private let segment: SegmentLayout.Segment
    private let file: File
    /// Damage before this offset does not matter.
    private let start: Offset
    private var scanner: BatchScanner
    private var last: (header: RecordBatchHeader, position: Int64, whole: ByteBuffer, walk: SegmentWalk)?

    /// - Parameters:
    ///   - start: batches that end before it may come too.
    ///   - end: the offset after the segment.
    init(
        _ segment: SegmentLayout.Segment,
        from start: Offset,
        end: Offset,
        gapsBefore: Offset
    ) throws(Failure) {
        self.segment = segment
        self.start = start
        let info = segment.info
        do throws(FileError) {
            self.file = try segment.files.file(.log)
            var walk = SegmentWalk(from: info.baseOffset, end: end, gapsBefore: gapsBefore)
            var position: Int64 = 0
            if let entry = try segment.files.offsetEntry(before: start, info: info),
                Int64(entry.position) < info.sizeBytes
            {
                position = Int64(entry.position)
                let promised = info.baseOffset + Offset(entry.relativeOffset)
                walk = SegmentWalk(atIndexEntryFor: promised, end: end, gapsBefore: gapsBefore)
            }
            self.scanner = BatchScanner(file: self.file, from: position, limit: info.sizeBytes, following: walk)
        } catch {
            throw .file(error)
        }
    }

    /// The last entry of the time index that is earlier than `threshold`; a hint.
    static func lastTimeEntry(
        _ segment: SegmentLayout.Segment,
        before threshold: Timestamp
    ) throws(Failure) -> TimeIndexEntry? {
        do throws(FileError) {
            return try IndexSearch.last(
                count: segment.info.timeIndexCount,
                entry: { (index) throws(FileError) in try segment.files.timeEntry(index) },
                where: { $0.timestamp < threshold }
            )?.entry
        } catch {
            throw .file(error)
        }
    }

    /// The next batch's header; `nil` at the segment's end.
    mutating func next() throws(Failure) -> RecordBatchHeader? {
        while true {
            guard let walk = self.scanner.walk else { return nil }
            let step: BatchScanner.Step
            do throws(FileError) {
                step = try self.scanner.next(checksFrom: .max)
            } catch {
                throw .file(error)
            }
            switch step {
            case .batch(let header, let position, let whole):
                self.last = (header, position, whole, walk)
                return header
            case .end:
                if walk.isUnproved {
                    self.restart(walk)
                    continue
                }
                let size = self.segment.info.sizeBytes
                guard let missing = walk.missing(atEnd: size, of: self.segment.info) else { return nil }
                throw .damaged(
                    DamagedRange(
                        offsets: missing,
                        path: self.file.path,
                        bytes: size..<size,
                        reason: "the file ends before offset \(missing.upperBound)"
                    )
                )
            case .damaged(let reason):
                try self.met(reason, at: self.scanner.position, walk)
            }
        }
    }

    /// The batch whose header `next` returned last, with a checksum that holds.
    mutating func batch() throws(Failure) -> ByteBuffer {
        guard let last = self.last else { preconditionFailure("no batch was returned yet") }
        var whole = last.whole
        if whole.readableBytes == 0 {
            do throws(FileError) {
                _ = try self.file.read(into: &whole, count: last.header.sizeInBytes, at: last.position)
            } catch {
                throw .file(error)
            }
        }
        do throws(RecordBatchError) {
            try BatchScanner.check(whole)
        } catch {
            let known = last.walk.expected.map { last.walk.resumed(at: $0) }
            // The batch's place is proved, or an index entry is: only its bytes can be at fault.
            let walk = known ?? last.walk.resumed(at: last.header.baseOffset)
            throw .damaged(try self.survey(error.message, at: last.position, lastBatch: nil, walk).range)
        }
        return whole
    }

    private mutating func restart(_ walk: SegmentWalk) {
        self.last = nil
        self.scanner.resume(at: 0, following: walk.resumed(at: self.segment.info.baseOffset))
    }

    private mutating func met(_ reason: String, at position: Int64, _ walk: SegmentWalk) throws(Failure) {
        if walk.isUnproved || walk.expected == nil { return self.restart(walk) }
        let (range, resumption) = try self.survey(reason, at: position, lastBatch: self.last?.position, walk)
        guard let resumption, range.offsets.isEmpty || range.offsets.upperBound <= self.start else {
            throw .damaged(range)
        }
        self.last = nil
        self.scanner.resume(at: resumption.position, following: walk.resumed(at: resumption.baseOffset))
    }

    private func survey(
        _ reason: String,
        at position: Int64,
        lastBatch: Int64?,
        _ walk: SegmentWalk
    ) throws(Failure) -> (range: DamagedRange, resumption: DamageSurvey.Resumption?) {
        do throws(FileError) {
            var survey = DamageSurvey(
                file: self.file,
                limit: self.segment.info.sizeBytes,
                walk: walk,
                end: walk.end
            )
            return try survey.run(at: position, lastBatch: lastBatch, reason: reason)
        } catch {
            throw .file(error)
        }
    }
}
