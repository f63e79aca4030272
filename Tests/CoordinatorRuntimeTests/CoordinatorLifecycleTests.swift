import Coordination
import CoordinatorRuntime
import LogCore
import NIOCore
import Testing

/// Every event in every phase.
@Suite struct CoordinatorLifecycleTests {
    enum Start: CaseIterable, Sendable {
        case idle, loading, active, failed, released, closed
    }

    private static let start = NIODeadline.uptimeNanoseconds(0)
    private static let later = start + .seconds(1)

    private func make(_ start: Start) -> CoordinatorLifecycle {
        var machine = CoordinatorLifecycle(retryDelay: .seconds(1))
        guard start != .idle else { return machine }
        let life = machine.prepareRequested(now: Self.start) ?? 0
        switch start {
        case .idle, .loading: break
        case .active: _ = machine.loadSucceeded(life: life)
        case .failed: _ = machine.loadFailed(.storage, life: life, now: Self.start)
        case .released: _ = machine.leadershipLost()
        case .closed: _ = machine.closeRequested()
        }
        return machine
    }

    @Test func `the helper makes the phase`() {
        #expect(self.make(.idle).phase == .idle)
        #expect(self.make(.loading).phase == .loading)
        #expect(self.make(.active).phase == .active)
        #expect(self.make(.failed).phase == .failed(until: Self.later))
        #expect(self.make(.released).phase == .released)
        #expect(self.make(.closed).phase == .closed)
    }

    @Test(
        arguments: zip(
            Start.allCases,
            [
                .load(life: 1), .refuse(.coordinatorLoadInProgress), .serve, .refuse(.coordinatorNotAvailable),
                .refuse(.notCoordinator), .refuse(.notCoordinator),
            ] as [CoordinatorLifecycle.Admission]
        )
    )
    func `a request`(start: Start, expected: CoordinatorLifecycle.Admission) {
        var machine = self.make(start)
        #expect(machine.requested(now: Self.start, topicExists: true) == expected)
        #expect(machine.phase == (start == .idle ? .loading : self.make(start).phase))
    }

    @Test func `a request without a topic starts nothing`() {
        var machine = self.make(.idle)
        #expect(machine.requested(now: Self.start, topicExists: false) == .refuse(.notCoordinator))
        #expect(machine.phase == .idle)
    }

    @Test func `a request after the delay tries again`() {
        var machine = self.make(.failed)
        let life = machine.life
        #expect(machine.requested(now: Self.later, topicExists: false) == .load(life: life + 1))
        #expect(machine.phase == .loading)
    }

    @Test(arguments: zip(Start.allCases, [true, false, false, false, true, false]))
    func `a look for the coordinator starts a load only where it is idle or released`(start: Start, loads: Bool) {
        var machine = self.make(start)
        let life = machine.life
        #expect(machine.prepareRequested(now: Self.start) == (loads ? life + 1 : nil))
        #expect(machine.phase == (loads ? .loading : self.make(start).phase))
    }

    @Test(arguments: Start.allCases)
    func `a load that succeeds`(start: Start) {
        var machine = self.make(start)
        #expect(machine.loadSucceeded(life: machine.life) == (start == .loading ? .activate : .ignore))
        #expect(machine.phase == (start == .loading ? .active : self.make(start).phase))
        var late = self.make(start)
        #expect(late.loadSucceeded(life: late.life &- 1) == .ignore)
        #expect(late.phase == self.make(start).phase)
    }

    @Test(arguments: Start.allCases, [.storage, .fencedLeaderEpoch, .partitionGone] as [LogError.Code])
    func `a load that fails`(start: Start, code: LogError.Code) {
        var machine = self.make(start)
        #expect(
            machine.loadFailed(code, life: machine.life, now: Self.start) == (start == .loading ? .report : .ignore)
        )
        let failed: CoordinatorLifecycle.Phase = code == .storage ? .failed(until: Self.later) : .released
        #expect(machine.phase == (start == .loading ? failed : self.make(start).phase))
    }

    @Test(arguments: Start.allCases, [.storage, .fencedLeaderEpoch] as [LogError.Code])
    func `records that are lost`(start: Start, code: LogError.Code) {
        var machine = self.make(start)
        let life = machine.life
        #expect(
            machine.recordsLost(code, life: life, now: Self.start) == (start == .active ? .abandon : .ignore)
        )
        let failed: CoordinatorLifecycle.Phase = code == .storage ? .failed(until: Self.later) : .released
        #expect(machine.phase == (start == .active ? failed : self.make(start).phase))
        #expect(machine.isCurrent(life) == (start != .active), "news of the old life no longer counts")
    }

    @Test func `a failed partition is loaded without a request, later after each failure`() {
        var machine = self.make(.failed)
        var delays: [TimeAmount?] = []
        for _ in 0..<7 {
            delays.append(machine.retryAfterFailure)
            let life = machine.prepareRequested(now: Self.start + .hours(1)) ?? 0
            #expect(machine.retryAfterFailure == nil)
            _ = machine.loadFailed(.storage, life: life, now: Self.start)
        }
        #expect(delays == [2, 4, 8, 16, 32, 32, 32].map { TimeAmount.seconds($0) })
        let life = machine.prepareRequested(now: Self.start + .hours(1)) ?? 0
        _ = machine.loadSucceeded(life: life)
        _ = machine.recordsLost(.storage, life: life, now: Self.start)
        #expect(machine.retryAfterFailure == .seconds(2))
        for phase in Start.allCases where phase != .failed { #expect(self.make(phase).retryAfterFailure == nil) }
    }

    @Test(arguments: zip(Start.allCases, [false, true, true, true, false, false]))
    func `leadership that is lost`(start: Start, ends: Bool) {
        var machine = self.make(start)
        let life = machine.life
        #expect(machine.leadershipLost() == (ends ? .abandon : .ignore))
        #expect(machine.phase == (ends ? .released : self.make(start).phase))
        #expect(machine.isCurrent(life) == !ends)
    }

    @Test(arguments: Start.allCases)
    func `a close`(start: Start) {
        var machine = self.make(start)
        #expect(machine.closeRequested() == (start == .closed ? .ignore : .abandon))
        #expect(machine.phase == .closed)
    }
}
