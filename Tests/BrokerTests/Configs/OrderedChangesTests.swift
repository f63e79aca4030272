import Metadata
import Testing

@testable import Broker

@Suite struct OrderedChangesTests {
    @Test func `of two changes made here the later one holds, whichever is heard of first`() {
        var changes = OrderedChanges()
        let later = changes.committed("a", at: 7)
        let earlier = changes.committed("a", at: 6)
        let other = changes.committed("b", at: 6)
        #expect(later && !earlier && other)
    }

    @Test func `the watch does not undo what was changed here after it`() {
        var changes = OrderedChanges()
        _ = changes.committed("a", at: 7)
        #expect(!changes.isNew("a", at: 5))
        #expect(!changes.isNew("a", at: 7))
        #expect(changes.isNew("b", at: 5))
        #expect(changes.isNew("a", at: 8))
        changes.delivered(through: 8)
        #expect(changes.ahead.isEmpty)
        // Heard of only now: the watch has had it, and perhaps more.
        let late = changes.committed("a", at: 8)
        #expect(!late)
    }

    @Test func `what was read does not undo what was changed here after it`() {
        var changes = OrderedChanges()
        _ = changes.committed("a", at: 7)
        _ = changes.committed("b", at: 9)
        #expect(changes.loaded(at: 8) == ["b"])
        #expect(changes.revision == 8)
        // A load that was slower than the watch.
        #expect(changes.loaded(at: 4) == ["b"])
        #expect(changes.revision == 8)
    }
}
