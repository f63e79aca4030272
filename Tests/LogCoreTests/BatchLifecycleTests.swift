import TestSupport
import Testing

@testable import LogCore

/// Every event in every state.
@Suite struct BatchLifecycleTests {
    typealias State = BatchLifecycle.State

    private static let writings: [BatchLifecycle.Writing] = [
        .idle, .gathered, .scheduled, .scheduledAndGathered, .stalled, .stalledAndGathered,
    ]
    static let serving: [State] =
        [BatchLifecycle.Intake.open, .refusing].flatMap { intake in writings.map { .serving(intake, $0) } }
    static let states: [State] = serving + [.failed, .salvaged, .removed]

    /// A machine in `state`, brought there by events.
    private func machine(_ state: State, unanswered: Int = 2) -> BatchLifecycle {
        var machine = BatchLifecycle(hasFailed: false)
        for _ in 0..<unanswered { machine.journalTook() }
        switch state {
        case .serving(let intake, let writing):
            switch writing {
            case .idle: break
            case .gathered: self.gather(&machine)
            case .scheduled: _ = machine.appendedUnjournaled()
            case .scheduledAndGathered:
                _ = machine.appendedUnjournaled()
                self.gather(&machine)
            case .stalled: _ = machine.writeStalled()
            case .stalledAndGathered:
                _ = machine.writeStalled()
                self.gather(&machine)
            }
            if intake == .refusing { machine.journalIsFull() }
        case .failed: machine.failed()
        case .salvaged:
            machine.failed()
            machine.salvaged()
        case .removed: machine.removed()
        }
        check(machine.state == state && machine.unanswered == unanswered)
        return machine
    }

    private func gather(_ machine: inout BatchLifecycle) {
        machine.journalTook()
        _ = machine.journalAnswered(count: 1)
    }

    private func serving(_ state: State) -> (BatchLifecycle.Intake, BatchLifecycle.Writing)? {
        if case .serving(let intake, let writing) = state { return (intake, writing) }
        return nil
    }

    @Test(arguments: states)
    func `an append is refused while the journal or the segments are full`(state: State) {
        let machine = self.machine(state)
        let isRefused =
            self.serving(state).map { $0.0 == .refusing || $0.1 == .stalled || $0.1 == .stalledAndGathered } ?? false
        check(machine.refusesAppends == isRefused)
    }

    @Test(arguments: states)
    func `a write is scheduled once`(state: State) {
        var machine = self.machine(state)
        let mustWrite = machine.appendedUnjournaled()
        switch state {
        case .serving(let intake, .idle):
            check(mustWrite && machine.state == .serving(intake, .scheduled))
        case .serving(let intake, .gathered):
            check(mustWrite && machine.state == .serving(intake, .scheduledAndGathered))
        default:
            check(!mustWrite && machine.state == state)
        }
    }

    @Test(arguments: states)
    func `durable batches are gathered once, also while a loop is about to write`(state: State) {
        var machine = self.machine(state)
        let action = machine.journalAnswered(count: 1)
        check(machine.unanswered == 1)
        switch state {
        case .serving(let intake, .idle):
            check(action == .publishAndGather && machine.state == .serving(intake, .gathered))
        case .serving(let intake, .scheduled):
            check(action == .publishAndGather && machine.state == .serving(intake, .scheduledAndGathered))
        case .serving(let intake, .stalled):
            check(action == .publishAndGather && machine.state == .serving(intake, .stalledAndGathered))
        case .serving:
            check(action == .publish && machine.state == state)
        case .failed, .salvaged, .removed:
            check(action == .ignore && machine.state == state)
        }
    }

    @Test(arguments: states)
    func `a full journal refuses until the last answer, and then a rollback follows in every state`(state: State) {
        var machine = self.machine(state)
        let isLast = machine.journalRefused(count: 1)
        check(!isLast)
        if let (_, writing) = self.serving(state) { check(machine.state == .serving(.refusing, writing)) }
        let isLastNow = machine.journalRefused(count: 1)
        check(isLastNow && machine.unanswered == 0)
        let hasBatches = machine.rolledBack()
        check(hasBatches == (state != .salvaged && state != .removed))
        if let (_, writing) = self.serving(state) {
            check(machine.state == .serving(.open, writing))
        } else {
            check(machine.state == state)
        }
    }

    @Test(arguments: states)
    func `an append behind a full journal refuses the next ones`(state: State) {
        var machine = self.machine(state)
        machine.journalIsFull()
        if let (_, writing) = self.serving(state) {
            check(machine.state == .serving(.refusing, writing))
        } else {
            check(machine.state == state)
        }
    }

    @Test(arguments: states)
    func `a finished write ends a stall and nothing else`(state: State) {
        var machine = self.machine(state)
        machine.wrote()
        switch state {
        case .serving(let intake, .stalled): check(machine.state == .serving(intake, .idle))
        case .serving(let intake, .stalledAndGathered): check(machine.state == .serving(intake, .gathered))
        default: check(machine.state == state)
        }
    }

    @Test(arguments: states)
    func `when nothing is left to write, nothing is on its way`(state: State) {
        var machine = self.machine(state)
        machine.wroteAll()
        if let (intake, _) = self.serving(state) {
            check(machine.state == .serving(intake, .idle))
        } else {
            check(machine.state == state)
        }
    }

    @Test(arguments: states)
    func `a full disk is news once`(state: State) {
        var machine = self.machine(state)
        let wasStalled = machine.isStalled
        let isNews = machine.writeStalled()
        if let (intake, _) = self.serving(state) {
            check(isNews != wasStalled && machine.state == .serving(intake, .stalled))
        } else {
            check(!isNews && machine.state == state)
        }
        let again = machine.writeStalled()
        check(!again)
    }

    @Test(arguments: states)
    func `a failure is news once and final, and a removal outlives it`(state: State) {
        var machine = self.machine(state)
        let isNews = machine.failed()
        check(isNews == (self.serving(state) != nil))
        check(!machine.isServing)
        check(machine.hasFailed == (state != .removed))
        machine.removed()
        machine.failed()
        machine.salvaged()
        check(machine.isRemoved)
    }

    @Test(arguments: states)
    func `a failed partition is salvaged once the journal has answered`(state: State) {
        var machine = self.machine(state)
        check(machine.salvageAction == (state == .failed ? .wait : .nothing))
        _ = machine.journalAnswered(count: 2)
        check(machine.salvageAction == (state == .failed ? .salvage : .nothing))
        let before = machine.state
        machine.salvaged()
        check(machine.state == (state == .failed ? .salvaged : before))
        check(machine.salvageAction == .nothing)
    }

    @Test func `a start that finds damage begins failed`() {
        let machine = BatchLifecycle(hasFailed: true)
        check(machine.state == .failed && machine.salvageAction == .salvage)
    }
}
