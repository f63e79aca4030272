import Testing

@testable import KinesisServer

/// Every event in every state, without sockets.
@Suite struct ExchangeMachineTests {
    enum Situation: String, CaseIterable {
        case idle, body, whole, heldForRoom, heldForLog, running, answering, cancelled
    }

    private static func read(
        _ machine: inout ExchangeMachine,
        _ need: ExchangeMachine.Need = .nothing
    ) {
        _ = machine.began(announced: 10)
        _ = machine.bodyEnded()
        _ = machine.requestRead(need)
    }

    private static func make(_ situation: Situation) -> ExchangeMachine {
        var machine = ExchangeMachine()
        switch situation {
        case .idle: break
        case .body: _ = machine.began(announced: 10)
        case .whole:
            _ = machine.began(announced: 10)
            _ = machine.bodyEnded()
        case .heldForRoom: Self.read(&machine, .room(5))
        case .heldForLog: Self.read(&machine, .log)
        case .running: Self.read(&machine)
        case .answering:
            Self.read(&machine)
            _ = machine.answered()
        case .cancelled: _ = machine.cancelled()
        }
        return machine
    }

    @Test(arguments: Situation.allCases) func `a request begins only between requests`(_ situation: Situation) {
        var machine = Self.make(situation)
        #expect(machine.began(announced: nil) == (situation == .idle ? .take : .ignore))
    }

    @Test(arguments: Situation.allCases) func `a body is kept only while it comes`(_ situation: Situation) {
        var machine = Self.make(situation)
        #expect(machine.bodyReceived(5) == (situation == .body ? .take : .ignore))
        #expect(machine.bodyEnded() == (situation == .body))
    }

    @Test(arguments: Situation.allCases) func `a request is carried out once it is whole`(_ situation: Situation) {
        var plain = Self.make(situation)
        #expect(plain.requestRead(.nothing) == (situation == .whole ? .run : .ignore))
        var needy = Self.make(situation)
        #expect(needy.requestRead(.room(7)) == (situation == .whole ? .acquire(.room(7)) : .ignore))
    }

    @Test(arguments: Situation.allCases) func `only what waits is relieved`(_ situation: Situation) {
        let need: ExchangeMachine.Need? =
            switch situation {
            case .heldForRoom: .room(5)
            case .heldForLog: .log
            default: nil
            }
        var machine = Self.make(situation)
        #expect(machine.relieved() == (need.map { .acquire($0) } ?? .ignore))
        #expect(machine.relieved() == (need.map { .acquire($0) } ?? .ignore), "it may be in vain")
        #expect(machine.acquired() == (need == nil ? .ignore : .run))
        #expect(machine.acquired() == .ignore)
    }

    @Test(arguments: Situation.allCases) func `a request has one answer`(_ situation: Situation) {
        let expected: ExchangeMachine.AnswerAction =
            switch situation {
            case .body, .whole, .heldForRoom, .heldForLog, .running: .send
            case .idle, .answering, .cancelled: .ignore
            }
        var machine = Self.make(situation)
        #expect(machine.answered() == expected)
        #expect(machine.answered() == .ignore)
        let isAnswered = expected != .ignore || situation == .answering
        #expect(machine.finished() == isAnswered)
        #expect(machine.began(announced: nil) == (isAnswered || situation == .idle ? .take : .ignore))
    }

    @Test(arguments: Situation.allCases) func `an answer is finished only when it is out`(_ situation: Situation) {
        var machine = Self.make(situation)
        #expect(machine.finished() == (situation == .answering))
    }

    @Test(arguments: Situation.allCases) func `after the client has gone nothing happens`(_ situation: Situation) {
        var machine = Self.make(situation)
        #expect(machine.cancelled() == (situation != .cancelled))
        #expect(machine.cancelled() == false)
        #expect(machine.began(announced: 1) == .ignore)
        #expect(machine.bodyReceived(1) == .ignore)
        #expect(machine.bodyEnded() == false)
        #expect(machine.requestRead(.log) == .ignore)
        #expect(machine.acquired() == .ignore)
        #expect(machine.relieved() == .ignore)
        #expect(machine.answered() == .ignore)
        #expect(machine.finished() == false)
    }

    @Test func `a body is bounded, announced or not`() {
        let most = ExchangeMachine.bodyBytesMax
        var announced = ExchangeMachine()
        #expect(announced.began(announced: most + 1) == .refuseTooLarge)
        #expect(announced.answered() == .send)
        var fits = ExchangeMachine()
        #expect(fits.began(announced: most) == .take)
        #expect(fits.bodyReceived(most) == .take)
        #expect(fits.bodyReceived(1) == .refuseTooLarge)
    }
}
