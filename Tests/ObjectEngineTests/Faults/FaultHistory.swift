import Model
import Synchronization

/// What producers and readers have seen, and what of it contradicts itself.
final class FaultHistory: Sendable {
    fileprivate struct State {
        /// By partition: the value that somebody saw at an offset, acknowledged or read.
        var contents: [Int: [Offset: Int]] = [:]
        var acknowledged: [Int: [Offset: Int]] = [:]
        /// The highest that was seen.
        var highWatermarks: [Int: Offset] = [:]
        var problems: [String] = []
    }

    private let state = Mutex(State())

    var problems: [String] { self.state.withLock { $0.problems } }

    func report(_ problem: String) { self.state.withLock { $0.problems.append(problem) } }

    func acknowledged(_ partition: Int, _ offset: Offset, _ value: Int) {
        self.state.withLock { state in
            state.see(partition, offset, value)
            state.acknowledged[partition, default: [:]][offset] = value
        }
    }

    func read(_ partition: Int, _ offset: Offset, _ value: Int) {
        self.state.withLock { $0.see(partition, offset, value) }
    }

    /// A reader that asks the owner now.
    func saw(_ partition: Int, highWatermark: Offset) {
        self.state.withLock { state in
            let before = state.highWatermarks[partition, default: 0]
            if highWatermark < before {
                state.problems.append("went back: the end of \(partition) was \(before) and is \(highWatermark)")
            }
            state.highWatermarks[partition] = max(before, highWatermark)
        }
    }

    /// The whole log of a partition at the end.
    ///
    /// - Parameters:
    ///   - sent: values in the order in which the producer sent them; each was acknowledged once.
    ///   - key: of a compacted partition, a value's key; `nil`: nothing may be missing.
    func check(_ partition: Int, log: [(offset: Offset, value: Int)], sent: [Int], key: ((Int) -> Int)?) {
        let acknowledged = self.state.withLock { $0.acknowledged[partition] ?? [:] }
        let values = log.map(\.value)
        if Set(values).count < values.count { self.report("doubled: a value is twice in \(partition)") }
        if values != values.sorted() { self.report("reordered: the values of \(partition) are not in their order") }
        let stored = Dictionary(log.map { ($0.offset, $0.value) }) { first, _ in first }
        var newest: [Int: Offset] = [:]
        for (offset, value) in acknowledged {
            let name = key?(value) ?? value
            newest[name] = max(newest[name] ?? -1, offset)
        }
        for (offset, value) in acknowledged where newest[key?(value) ?? value] == offset && stored[offset] != value {
            self.report("lost: \(value) was acknowledged at \(offset) of \(partition)")
        }
        if key == nil, values != sent { self.report("lost: \(partition) has \(values.count) of \(sent.count) values") }
    }
}

extension FaultHistory.State {
    fileprivate mutating func see(_ partition: Int, _ offset: Offset, _ value: Int) {
        if let before = self.contents[partition]?[offset], before != value {
            self.problems.append("two contents: \(partition) has \(before) and \(value) at \(offset)")
        }
        self.contents[partition, default: [:]][offset] = value
    }
}
