import Coordination
import CoordinatorRuntime
import LogCore
import LogTestSupport
import Model
import NIOCore
import NIOEmbedded
import RecordBatch
import Testing

@Suite struct CoordinatorRuntimeTests {
    @Test func `what is decided in one turn of the loop is appended together`() {
        let harness = CounterHarness()
        let answers = (0..<10).map { harness.add(1, to: "k\($0)") }
        #expect(harness.log.batches.isEmpty)
        harness.loop.run()
        #expect(harness.log.batches.count == 1)
        #expect(answers.map(\.value) == Array(repeating: 1, count: 10))
    }

    @Test func `later requests see what is decided, and hear of it when it is durable, in order`() {
        let harness = CounterHarness()
        harness.log.isDurableAtOnce = false
        let first = harness.add()
        harness.loop.run()
        let second = harness.add()
        let read = harness.value()
        let other = harness.value(of: "other")
        harness.loop.run()
        #expect(first.result == nil && second.result == nil && read.result == nil && other.result == nil)
        harness.log.makeDurable(1)
        harness.loop.run()
        #expect(first.value == 1)
        #expect(second.result == nil && read.result == nil)
        harness.log.makeDurable(1)
        harness.loop.run()
        #expect(second.value == 2)
        #expect(read.value == 2)
        #expect(other.value == 0)
        #expect(harness.value().value == 2, "nothing to wait for")
    }

    @Test(
        arguments: zip(
            [.diskFull, .overloaded, .storage, .batchTooLarge] as [LogError.Code],
            [.coordinatorNotAvailable, .coordinatorNotAvailable, .notCoordinator, .unknownServerError]
                as [CoordinatorError]
        )
    )
    func `a refused round rolls back, alone`(code: LogError.Code, expected: CoordinatorError) {
        let harness = CounterHarness()
        harness.log.isDurableAtOnce = false
        let first = harness.add(5)
        harness.loop.run()
        harness.log.refusal = LogError(code, "test")
        let refused = [harness.add(1), harness.add(1, to: "new"), harness.value()]
        #expect(harness.counters == ["k": 6, "new": 1])
        harness.loop.run()
        #expect(refused.map(\.error) == [expected, expected, expected])
        #expect(harness.counters == ["k": 5])
        let next = harness.add(1)
        harness.loop.run()
        harness.log.makeDurable()
        harness.loop.run()
        #expect(first.value == 5)
        #expect(next.value == 6)
    }

    @Test func `a record that is too large fails alone`() {
        let harness = CounterHarness(isLoaded: false)
        harness.topic.messageBytesMax = 100
        harness.load()
        let small = harness.add()
        let large = harness.add(1, to: String(repeating: "x", count: 100))
        harness.loop.run()
        #expect(small.value == 1)
        #expect(large.error == .unknownServerError)
        #expect(harness.counters == ["k": 1])
    }

    @Test func `records that are never durable end the life, and the next finds what is durable`() {
        let harness = CounterHarness()
        _ = harness.add(5)
        harness.loop.run()
        harness.log.isDurableAtOnce = false
        let lost = harness.add(1)
        let parked = harness.doubleLater()
        harness.loop.run()
        let open = harness.add(1)
        harness.log.lose(LogError(.storage, "test"))
        harness.loop.run()
        #expect(lost.error == .notCoordinator)
        #expect(open.error == .notCoordinator)
        #expect(parked.value == -2, "the machine answers what it parked")
        // What the open round appended meanwhile is lost too.
        harness.log.crash()
        #expect(harness.value().error == .coordinatorNotAvailable)
        harness.log.isDurableAtOnce = true
        harness.loop.advanceTime(by: .seconds(1))
        #expect(harness.value().error == .coordinatorLoadInProgress)
        harness.loop.run()
        #expect(harness.value().value == 5)
        harness.loop.advanceTime(by: .seconds(5))
        #expect(harness.value().value == 5, "timers of the old life are gone")
    }

    @Test func `a coordinator that failed is loaded again without a request`() {
        let harness = CounterHarness()
        _ = harness.add(5)
        harness.loop.run()
        harness.log.isDurableAtOnce = false
        _ = harness.add(1)
        harness.loop.run()
        harness.topic.failure = LogError(.storage, "test")
        harness.log.lose(LogError(.storage, "test"))
        harness.loop.run()
        harness.loop.advanceTime(by: .seconds(2))
        harness.topic.failure = nil
        // The load of the second second failed too.
        harness.loop.advanceTime(by: .seconds(4))
        #expect(harness.value().value == 5)
    }

    @Test func `a parked request is answered by a timer and its write`() {
        let harness = CounterHarness()
        _ = harness.add(3)
        harness.loop.run()
        let parked = harness.doubleLater()
        harness.loop.advanceTime(by: .milliseconds(999))
        #expect(parked.result == nil)
        harness.log.isDurableAtOnce = false
        harness.loop.advanceTime(by: .milliseconds(1))
        #expect(parked.result == nil)
        harness.log.makeDurable()
        harness.loop.run()
        #expect(parked.value == 1)
        #expect(harness.value().value == 6)
    }

    @Test func `the machine hears of a write that was refused`() {
        let harness = CounterHarness()
        let parked = harness.doubleLater()
        harness.log.refusal = LogError(.diskFull, "test")
        harness.loop.advanceTime(by: .seconds(1))
        #expect(parked.value == -1)
    }

    @Test func `what is not durable is bounded`() {
        var limits = CoordinatorLimits()
        limits.undurableBytesMax = 200
        let harness = CounterHarness(limits: limits)
        harness.log.isDurableAtOnce = false
        let answers = (0..<10).map { _ in harness.add() }
        harness.loop.run()
        #expect(answers.filter { $0.error == .coordinatorNotAvailable }.count == 7)
        harness.log.makeDurable()
        harness.loop.run()
        #expect(answers.compactMap(\.value) == [1, 2, 3])
        harness.log.isDurableAtOnce = true
        let next = harness.add()
        harness.loop.run()
        #expect(next.value == 4)
    }

    @Test func `another leader ends the coordinator until a client looks for it`() {
        let harness = CounterHarness()
        let parked = harness.doubleLater()
        harness.topic.leaderEpoch = 7
        harness.log.refusal = LogError(.fencedLeaderEpoch, "test")
        let fenced = harness.add()
        harness.loop.run()
        #expect(fenced.error == .notCoordinator)
        #expect(parked.value == -2)
        harness.loop.advanceTime(by: .seconds(60))
        #expect(harness.value().error == .notCoordinator)
        harness.load()
        let next = harness.add()
        harness.loop.run()
        #expect(next.value == 1)
        #expect(harness.log.leaderEpochs.last == LeaderEpoch(7))
        harness.runtime.leadershipLost()
        #expect(harness.value().error == .notCoordinator)
    }

    @Test func `the limit of a record follows the topic's configuration while the partition is loaded`() {
        let harness = CounterHarness()
        harness.topic.messageBytesMax = 80
        let key = String(repeating: "k", count: 100)
        #expect(harness.add(1, to: key).error == .unknownServerError)
        harness.topic.messageBytesMax = 1 << 20
        let larger = harness.add(1, to: key)
        harness.loop.run()
        #expect(larger.value == 1)
    }

    @Test func `the machine hears of every change of topics, also of those during its load`() {
        let harness = CounterHarness(isLoaded: false)
        func topic(_ name: String) -> TopicChanges.Topic { .init(name: name, id: .zero, partitionCount: 1) }
        func names() -> Set<String> {
            var names: Set<String> = []
            harness.runtime.write(release: .atOnce) { machine, _ in
                names = machine.topicNames
            } completion: { _ in
            }
            return names
        }
        harness.runtime.topicsChanged(TopicChanges(added: [topic("before")]))
        harness.runtime.prepare()
        harness.runtime.topicsChanged(TopicChanges(added: [topic("during")]))
        harness.loop.run()
        harness.runtime.topicsChanged(TopicChanges(added: [topic("after")]))
        #expect(names() == ["during", "after"])
        harness.runtime.topicsChanged(TopicChanges(added: [topic("last")], removed: [topic("after")]))
        #expect(names() == ["during", "last"])
    }
}
