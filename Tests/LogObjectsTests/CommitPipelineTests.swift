import Testing

@testable import LogObjects

/// Every event in every state.
@Suite struct CommitPipelineTests {
    typealias Action = CommitPipeline.Action
    typealias Flush = CommitPipeline.UploadedFlush

    /// A pipeline with flushes 0..<sealed, of which the first so many are uploaded.
    private func make(sealed: Int, uploaded: Int = 0, limits: CommitPipeline.Limits = .init()) -> CommitPipeline {
        var pipeline = CommitPipeline(limits: limits)
        for sequence in 0..<Int64(sealed) { _ = pipeline.sealed(sequence) }
        for sequence in 0..<Int64(uploaded) { _ = pipeline.uploaded(sequence, attempt: 0) }
        return pipeline
    }

    @Test func `four flushes are uploaded at a time, the next when one is there`() {
        var pipeline = CommitPipeline()
        for sequence in Int64(0)..<4 {
            #expect(pipeline.sealed(sequence) == [.upload(sequence: sequence, attempt: 0)])
        }
        #expect(pipeline.sealed(4) == [])
        #expect(!pipeline.isIdle && !pipeline.isCongested)
        // Not the first: nothing can be committed.
        #expect(pipeline.uploaded(2, attempt: 0) == [.upload(sequence: 4, attempt: 0)])
        #expect(pipeline.uploaded(0, attempt: 0) == [.commit([Flush(sequence: 0, attempt: 0)])])
    }

    @Test func `commits are in order, several in one when they are ready, one at a time`() {
        var pipeline = self.make(sealed: 4)
        #expect(pipeline.uploaded(1, attempt: 0) == [])
        #expect(
            pipeline.uploaded(0, attempt: 0) == [
                .commit([Flush(sequence: 0, attempt: 0), Flush(sequence: 1, attempt: 0)])
            ]
        )
        #expect(pipeline.uploaded(2, attempt: 0) == [])
        #expect(
            pipeline.commitEnded(.committed) == [
                .apply(sequence: 0, attempt: 0), .apply(sequence: 1, attempt: 0),
                .commit([Flush(sequence: 2, attempt: 0)]),
            ]
        )
        #expect(pipeline.commitEnded(.committed) == [.apply(sequence: 2, attempt: 0)])
        #expect(pipeline.uploaded(3, attempt: 0) == [.commit([Flush(sequence: 3, attempt: 0)])])
        #expect(pipeline.commitEnded(.committed) == [.apply(sequence: 3, attempt: 0)])
        #expect(pipeline.isIdle)
    }

    @Test func `a slow upload is hedged under other names, and the one that is first counts`() {
        var pipeline = self.make(sealed: 1)
        for attempt in 1..<4 {
            #expect(pipeline.hedgeDue(0) == [.upload(sequence: 0, attempt: attempt)])
        }
        #expect(pipeline.hedgeDue(0) == [])
        #expect(pipeline.uploaded(0, attempt: 2) == [.commit([Flush(sequence: 0, attempt: 2)])])
        #expect(pipeline.uploaded(0, attempt: 0) == [])
        #expect(pipeline.hedgeDue(0) == [])
        #expect(
            pipeline.commitEnded(.committed)
                == [.apply(sequence: 0, attempt: 2), .discard(sequence: 0, attempts: [0, 1, 3])]
        )
        #expect(pipeline.uploaded(0, attempt: 1) == [])
        #expect(pipeline.uploadFailed(0, attempt: 3) == [])
        #expect(pipeline.hedgeDue(0) == [])
    }

    @Test func `a failed upload is made again under its name`() {
        var pipeline = self.make(sealed: 2)
        #expect(pipeline.uploadFailed(1, attempt: 0) == [.upload(sequence: 1, attempt: 0)])
        #expect(pipeline.uploadFailed(0, attempt: 0) == [.upload(sequence: 0, attempt: 0)])
        _ = pipeline.uploaded(0, attempt: 0)
        #expect(pipeline.uploadFailed(0, attempt: 0) == [])
    }

    @Test func `a lost answer is asked for again with the same flushes, and nothing else moves`() {
        var pipeline = self.make(sealed: 3, uploaded: 1)
        _ = pipeline.uploaded(1, attempt: 0)
        for _ in 0..<3 {
            #expect(pipeline.commitEnded(.undecided) == [.commit([Flush(sequence: 0, attempt: 0)])])
            #expect(pipeline.uploaded(2, attempt: 0) == [])
        }
        #expect(
            pipeline.commitEnded(.committed) == [
                .apply(sequence: 0, attempt: 0),
                .commit([Flush(sequence: 1, attempt: 0), Flush(sequence: 2, attempt: 0)]),
            ]
        )
    }

    @Test(arguments: [true, false])
    func `a fenced incarnation commits nothing any more`(byTransaction: Bool) {
        var pipeline = self.make(sealed: 3, uploaded: 1)
        let actions = byTransaction ? pipeline.commitEnded(.fenced) : pipeline.fenced()
        #expect(actions == [.refuse(sequences: [0, 1, 2])])
        #expect(pipeline.isFenced && pipeline.isIdle)
        #expect(pipeline.sealed(3) == [.refuse(sequences: [3])])
        #expect(pipeline.uploaded(1, attempt: 0) == [])
        #expect(pipeline.uploadFailed(2, attempt: 0) == [])
        #expect(pipeline.hedgeDue(2) == [])
        #expect(pipeline.commitEnded(.committed) == [])
        #expect(pipeline.commitEnded(.undecided) == [])
        #expect(pipeline.fenced() == [])
    }

    @Test func `an empty pipeline that is fenced refuses nobody`() {
        var pipeline = CommitPipeline()
        #expect(pipeline.fenced() == [])
        #expect(pipeline.isFenced)
    }

    @Test func `beyond the limit nothing is uploaded`() {
        var limits = CommitPipeline.Limits()
        limits.flushesMax = 2
        limits.commitGroupMax = 1
        var pipeline = self.make(sealed: 3, limits: limits)
        #expect(pipeline.isCongested)
        #expect(pipeline.uploaded(1, attempt: 0) == [])
        #expect(pipeline.uploaded(0, attempt: 0) == [.commit([Flush(sequence: 0, attempt: 0)])])
        #expect(
            pipeline.commitEnded(.committed) == [
                .apply(sequence: 0, attempt: 0), .upload(sequence: 2, attempt: 0),
                .commit([Flush(sequence: 1, attempt: 0)]),
            ]
        )
    }
}
