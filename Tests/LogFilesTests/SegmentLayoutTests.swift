import Testing

@testable import LogCore
@testable import LogFiles
@testable import Model

@Suite struct SegmentLayoutTests {
    private let openFiles = OpenFiles(countMax: 4)

    private func files(_ base: Offset) -> SegmentFiles {
        SegmentFiles(folder: Directory("/nowhere"), baseOffset: base, openFiles: self.openFiles, isNew: true)
    }

    private func layout(_ bases: [Offset], bytes: Int64 = 10) -> SegmentLayout {
        var layout = SegmentLayout()
        for base in bases {
            layout.publish(SegmentInfo(baseOffset: base, sizeBytes: bytes, modifiedAt: 0), self.files(base))
        }
        return layout
    }

    @Test func `a search begins in the last segment that begins at or before the offset`() {
        let layout = self.layout([5, 10, 20])
        #expect(SegmentLayout().index(for: 0) == nil)
        let found = [0, 5, 9, 10, 19, 20, 1_000].map { layout.index(for: $0) }
        #expect(found == [0, 0, 0, 1, 1, 2, 2])
    }

    @Test func `the last segment grows, and its bytes are counted`() {
        var layout = self.layout([0])
        let files = layout.segments[0].files
        layout.publish(SegmentInfo(baseOffset: 0, sizeBytes: 25, modifiedAt: 0), files)
        #expect(layout.segments.count == 1 && layout.sizeBytes == 25)
        layout.update(SegmentInfo(baseOffset: 7, sizeBytes: 99, modifiedAt: 0))
        #expect(layout.sizeBytes == 25)
    }

    @Test func `leading segments go, and the active one stays`() {
        var layout = self.layout([0, 10, 20])
        #expect(layout.removeFirst(2).map(\.baseOffset) == [0, 10])
        #expect(layout.sizeBytes == 10 && layout.firstOffset == 20)
        #expect(layout.removeFirst(1).isEmpty)
        #expect(layout.removeAll().count == 1 && layout.sizeBytes == 0)
    }

    @Test func `what a checkpoint could not force is unforced again, together with what came meanwhile`() {
        let (old, new) = (self.files(0), self.files(10))
        var unforced = Unforced()
        unforced.add(old, isClosed: true)
        unforced.epochsChanged = true
        let taken = unforced.takeAll()
        #expect(unforced.segments.isEmpty && !unforced.epochsChanged)
        unforced.add(new)
        unforced.add(old, hasTransactions: true)
        unforced.restore(taken)
        #expect(unforced.segments.count == 2 && unforced.epochsChanged && unforced.folderChanged)
        let both = unforced.segments.first { $0.files === old }
        #expect(both?.isClosed == true && both?.hasTransactions == true)
        unforced.remove([old])
        #expect(!unforced.contains(old) && unforced.contains(new))
    }
}
