package import Model

/// How a group is doing in one partition.
///
/// Source: the evaluation rules of Burrow's wiki, "Consumer Lag Evaluation Rules"; a group that has stopped is told from one
/// that stalls by its members, which a broker knows.
package enum LagStatus: String, Sendable, CaseIterable, Comparable {
    /// It was at the end once within the window, or it comes nearer.
    case ok
    /// It reads on, and the lag never became smaller within the window.
    case behind
    /// It has members, and nothing was committed within the window although there is something to read.
    case stalled
    /// The same, without any member.
    case stopped

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}

/// The last measurements of a group's lag in one partition.
package struct LagWindow: Sendable, Equatable {
    /// Measurements that are looked at together.
    package static let samplesMax = 10

    private var committed: [Offset] = []
    private var records: [Int64] = []
    private var hasMembers = false

    package init() {}

    /// - Parameters:
    ///   - committed: the next offset that the group will read.
    ///   - records: what it has not read.
    ///   - hasMembers: whether the group has a member now.
    package mutating func measured(committed: Offset, records: Int64, hasMembers: Bool) {
        // An offset that was set back begins a new story.
        if let last = self.committed.last, committed < last { self = Self() }
        self.committed.append(committed)
        self.records.append(records)
        self.hasMembers = hasMembers
        if self.committed.count > Self.samplesMax {
            self.committed.removeFirst()
            self.records.removeFirst()
        }
    }

    package var status: LagStatus {
        guard self.committed.count == Self.samplesMax, !self.records.contains(0) else { return .ok }
        let becameSmaller = zip(self.records, self.records.dropFirst()).contains { $1 < $0 }
        if becameSmaller { return .ok }
        guard self.committed[0] == self.committed[Self.samplesMax - 1] else { return .behind }
        return self.hasMembers ? .stalled : .stopped
    }

    /// Records by which the lag grows between two measurements, on average; negative while the group catches up.
    package var growth: Double {
        guard let first = self.records.first, let last = self.records.last, self.records.count > 1 else { return 0 }
        return Double(last - first) / Double(self.records.count - 1)
    }
}
