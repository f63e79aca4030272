import Model
import Testing

@testable import KinesisServer

/// Every event of a forwarded request in each state.
@Suite struct ForwardMachineTests {
    private static let peer = BrokerID(2)

    private enum State: CaseIterable {
        case looking
        case asking
        case waiting
        case over
    }

    private func machine(_ state: State, isRepeatable: Bool = true) -> ForwardMachine {
        var machine = ForwardMachine(deadline: 1_000, isRepeatable: isRepeatable)
        switch state {
        case .looking: break
        case .asking: _ = machine.looked(.peer(Self.peer), now: 0)
        case .waiting: _ = machine.looked(.unsettled, now: 0)
        case .over: _ = machine.looked(.here, now: 0)
        }
        return machine
    }

    @Test func `a look decides where the request is carried out`() {
        var machine = self.machine(.looking)
        let action1 = machine.looked(.here, now: 0)
        #expect(action1 == .runHere)
        machine = self.machine(.looking)
        let action2 = machine.looked(.peer(Self.peer), now: 400)
        #expect(action2 == .ask(Self.peer, milliseconds: 600))
        machine = self.machine(.looking)
        let action3 = machine.looked(.unsettled, now: 0)
        #expect(action3 == .wait(milliseconds: 20))
        machine = self.machine(.looking)
        let action4 = machine.looked(.peer(Self.peer), now: 1_000)
        #expect(action4 == .failUnavailable)
        machine = self.machine(.looking)
        let action5 = machine.looked(.unsettled, now: 1_000)
        #expect(action5 == .failUnavailable)
        for state in State.allCases where state != .looking {
            machine = self.machine(state)
            let action6 = machine.looked(.here, now: 0)
            #expect(action6 == .ignore, "\(state)")
        }
    }

    @Test func `only a request that is asked for is answered`() {
        for state in State.allCases {
            var machine = self.machine(state)
            let action7 = machine.answered()
            #expect(action7 == (state == .asking), "\(state)")
            let isAnsweredTwice = machine.answered()
            #expect(!isAnsweredTwice, "\(state)")
        }
    }

    @Test func `what the other broker does not lead is looked for again`() {
        for state in State.allCases {
            var machine = self.machine(state)
            let action8 = machine.notServed(now: 0)
            #expect(action8 == (state == .asking ? .wait(milliseconds: 20) : .ignore), "\(state)")
        }
        var machine = self.machine(.asking)
        let action9 = machine.notServed(now: 1_000)
        #expect(action9 == .failUnavailable)
    }

    @Test func `a lost answer ends what must not be repeated`() {
        for state in State.allCases {
            var machine = self.machine(state)
            let isAsking = state == .asking
            let action10 = machine.lost(mayHaveRun: true, now: 0)
            #expect(action10 == (isAsking ? .wait(milliseconds: 20) : .ignore))
            machine = self.machine(state, isRepeatable: false)
            let action11 = machine.lost(mayHaveRun: true, now: 0)
            #expect(action11 == (isAsking ? .failUnknown : .ignore))
            machine = self.machine(state, isRepeatable: false)
            let action12 = machine.lost(mayHaveRun: false, now: 0)
            #expect(action12 == (isAsking ? .wait(milliseconds: 20) : .ignore))
        }
    }

    @Test func `pauses grow up to a bound, and each is followed by a look`() {
        var machine = self.machine(.looking)
        var pauses: [Int64] = []
        for _ in 0..<7 {
            guard case .wait(let milliseconds) = machine.looked(.unsettled, now: 0) else { break }
            pauses.append(milliseconds)
            let action13 = machine.waited()
            #expect(action13 == .look)
        }
        #expect(pauses == [20, 40, 80, 160, 320, 320, 320])
        for state in State.allCases where state != .waiting {
            machine = self.machine(state)
            let action14 = machine.waited()
            #expect(action14 == .ignore, "\(state)")
        }
    }
}
