/// One stream of an open-loop load: the records `index`, `index + count`, `index + 2 × count` … of the schedule, which
/// go to one partition over one connection in this order.
package struct Lane: Sendable, Equatable {
    package let index: Int
    /// How many lanes share the schedule.
    package let count: Int
    /// Records of this lane that have left.
    package private(set) var sentCount = 0

    package init(index: Int, of count: Int) {
        precondition(index >= 0 && index < count, "a lane is one of its number")
        self.index = index
        self.count = count
    }

    /// The schedule's number of the lane's next record.
    package var nextIndex: Int { self.index + self.sentCount * self.count }

    /// Records of this lane that are due and have not left.
    package func waitingCount(due: Int) -> Int {
        guard due > self.index else { return 0 }
        return (due - self.index - 1) / self.count + 1 - self.sentCount
    }

    /// When the lane's next batch must leave: as soon as it is full, else when its first record has waited for
    /// `linger` nanoseconds. `nil` when all records have left.
    package func readyTime(_ schedule: SendSchedule, batchRecords: Int, linger: UInt64) -> UInt64? {
        let first = self.nextIndex
        guard first < schedule.count else { return nil }
        let lingered = schedule.intended(first) + linger
        let last = first + (batchRecords - 1) * self.count
        guard last < schedule.count else { return lingered }
        return min(lingered, schedule.intended(last))
    }

    package mutating func sent(_ records: Int) { self.sentCount += records }
}

/// How lanes are dealt to partitions and connections.
///
/// There are as many lanes as partitions, or as connections when those are more; each connection of a broker then
/// serves every `connections`-th lane whose partition that broker leads.
package struct LanePlan: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        package var partition: Int32
        /// A position in `connections`.
        package var connection: Int
    }

    package private(set) var lanes: [Entry] = []
    /// The broker of each connection.
    package private(set) var connections: [Int32] = []

    /// - Parameters:
    ///   - leaders: the leading broker of each partition; at least one.
    ///   - connectionsPerBroker: at least 1.
    package init(leaders: [Int32], connectionsPerBroker: Int) {
        precondition(!leaders.isEmpty && connectionsPerBroker > 0, "a load has partitions and connections")
        var dealt: [Int32: Int] = [:]
        var opened: [Int32: [Int]] = [:]
        for lane in 0..<max(leaders.count, connectionsPerBroker) {
            let partition = lane % leaders.count
            let broker = leaders[partition]
            let place = dealt[broker, default: 0] % connectionsPerBroker
            dealt[broker, default: 0] += 1
            if place == opened[broker, default: []].count {
                opened[broker, default: []].append(self.connections.count)
                self.connections.append(broker)
            }
            self.lanes.append(Entry(partition: Int32(partition), connection: opened[broker, default: []][place]))
        }
    }
}
