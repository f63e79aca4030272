import Testing

@testable import Broker

@Suite struct OrderedChangesTests {
    @Test func `of two changes that overlap the later one holds, whichever is heard of first`() {
        var changes = OrderedChanges()
        changes.began("a")
        changes.began("a")
        do {
            let isNewer = changes.stored("a", at: 7)
            #expect(isNewer)
        }
        changes.ended("a")
        // Stored before the other one, and heard of after it.
        do {
            let isNewer = changes.stored("a", at: 6)
            #expect(!isNewer)
        }
        changes.ended("a")
        #expect(changes.isIdle)
    }

    @Test func `changes of different resources have nothing to do with each other`() {
        var changes = OrderedChanges()
        changes.began("a")
        changes.began("b")
        let first = changes.stored("a", at: 7)
        let second = changes.stored("b", at: 6)
        #expect(first && second)
        changes.ended("b")
        #expect(!changes.isIdle)
        changes.ended("a")
        #expect(changes.isIdle)
    }

    @Test func `a change that was refused leaves nothing`() {
        var changes = OrderedChanges()
        changes.began("a")
        changes.ended("a")
        #expect(changes.isIdle)
    }
}
