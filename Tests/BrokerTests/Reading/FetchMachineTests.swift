import Testing

@testable import Broker

/// Every event in every state.
@Suite struct FetchMachineTests {
    typealias State = FetchMachine.State

    static let nothing = FetchMachine.Found(bytes: 0, hasError: false)
    static let little = FetchMachine.Found(bytes: 9, hasError: false)
    static let enough = FetchMachine.Found(bytes: 10, hasError: false)
    static let error = FetchMachine.Found(bytes: 0, hasError: true)

    static let all: [State] = [
        .asking(isLast: false), .asking(isLast: true), .reserving(isLast: false, found: nothing),
        .reserving(isLast: true, found: nothing), .reading(isLast: false), .reading(isLast: true), .waiting,
        .awaitingRoom, .parked, .stale, .answered, .cancelled(isReading: false), .cancelled(isReading: true),
    ]

    /// Wants ten bytes.
    private static func make(in state: State, mayWait: Bool = true) -> FetchMachine {
        FetchMachine(state, bytesMin: 10, mayWait: mayWait)
    }

    @Test(arguments: [
        (nothing, true, FetchMachine.AskedAction.register), (little, true, .register), (enough, true, .answer),
        (error, true, .answer), (nothing, false, .answer),
    ])
    func `what memory has is answered if it is enough, and waited for otherwise`(
        found: FetchMachine.Found,
        mayWait: Bool,
        action: FetchMachine.AskedAction
    ) {
        var machine = Self.make(in: .asking(isLast: false), mayWait: mayWait)
        #expect(machine.asked(found, isDeferred: false) == action)
        #expect(machine.state == (action == .answer ? .answered : .waiting))
        var last = Self.make(in: .asking(isLast: true))
        #expect(last.asked(found, isDeferred: false) == .answer)
    }

    @Test(arguments: [nothing, little, enough, error])
    func `deferred reads need memory first`(found: FetchMachine.Found) {
        for isLast in [false, true] {
            var machine = Self.make(in: .asking(isLast: isLast))
            #expect(machine.asked(found, isDeferred: true) == .reserve)
            #expect(machine.state == .reserving(isLast: isLast, found: found))
            #expect(machine.reserved(.all) == .read)
            #expect(machine.state == .reading(isLast: isLast))
            var scarce = Self.make(in: .reserving(isLast: isLast, found: found))
            #expect(scarce.reserved(.part) == .read)
            #expect(scarce.state == .reading(isLast: true))
        }
    }

    @Test(arguments: [
        (nothing, FetchMachine.ReservedAction.awaitMemory), (little, .awaitMemory), (enough, .answer),
        (error, .answer),
    ])
    func `without memory the fetch waits, unless other partitions have enough`(
        found: FetchMachine.Found,
        action: FetchMachine.ReservedAction
    ) {
        var machine = Self.make(in: .reserving(isLast: false, found: found))
        #expect(machine.reserved(.refused) == action)
        #expect(machine.state == (action == .answer ? .answered : .awaitingRoom))
        for (isLast, mayWait) in [(true, true), (false, false)] {
            var other = Self.make(in: .reserving(isLast: isLast, found: found), mayWait: mayWait)
            #expect(other.reserved(.refused) == .answer)
        }
    }

    @Test func `a fetch that wants no bytes waits for memory all the same`() {
        var machine = FetchMachine(.reserving(isLast: false, found: Self.nothing), bytesMin: 0, mayWait: true)
        #expect(machine.reserved(.refused) == .awaitMemory)
    }

    @Test(arguments: [
        (nothing, false, FetchMachine.ReadAction.register), (little, false, .register), (enough, false, .answer),
        (error, false, .answer), (nothing, true, .awaitReaders), (little, true, .awaitReaders),
        (enough, true, .answer), (error, true, .answer),
    ])
    func `what was read is answered if it is enough`(
        found: FetchMachine.Found,
        isBusy: Bool,
        action: FetchMachine.ReadAction
    ) {
        var machine = Self.make(in: .reading(isLast: false))
        #expect(machine.readCompleted(found, isBusy: isBusy) == action)
        let expected: State = action == .answer ? .answered : action == .register ? .waiting : .awaitingRoom
        #expect(machine.state == expected)
        for (isLast, mayWait) in [(true, true), (false, false)] {
            var other = Self.make(in: .reading(isLast: isLast), mayWait: mayWait)
            #expect(other.readCompleted(found, isBusy: isBusy) == .answer)
        }
        var cancelled = Self.make(in: .cancelled(isReading: true))
        #expect(cancelled.readCompleted(found, isBusy: isBusy) == .discard)
        #expect(cancelled.state == .cancelled(isReading: false))
    }

    @Test(arguments: all)
    func `news wakes a fetch that waits, and spoils one that is parked`(state: State) {
        var machine = Self.make(in: state)
        let action = machine.newsCame()
        switch state {
        case .waiting:
            #expect(action == .ask && machine.state == .asking(isLast: false))
        case .parked:
            #expect(action == .nothing && machine.state == .stale)
        default:
            #expect(action == .nothing && machine.state == state)
        }
    }

    @Test(arguments: all)
    func `room wakes a fetch that waits for room`(state: State) {
        var machine = Self.make(in: state)
        let action = machine.roomAppeared()
        if state == .awaitingRoom {
            #expect(action == .ask && machine.state == .asking(isLast: false))
        } else {
            #expect(action == .nothing && machine.state == state)
        }
    }

    @Test(arguments: all)
    func `a fetch whose time is up is answered and kept where it can be repeated`(state: State) {
        for canRepeat in [true, false] {
            for hasNews in [true, false] {
                var machine = Self.make(in: state)
                let action = machine.timeIsUp(canRepeat: canRepeat, hasNews: hasNews)
                switch state {
                case .waiting where canRepeat && !hasNews:
                    #expect(action == .answerAndStay && machine.state == .parked)
                case .waiting, .awaitingRoom:
                    #expect(action == .answer && machine.state == .answered)
                case .reading:
                    #expect(action == .nothing && machine.state == .reading(isLast: true))
                default:
                    #expect(action == .nothing && machine.state == state)
                }
            }
        }
    }

    @Test(arguments: all)
    func `a fetch can be given up in every state`(state: State) {
        var machine = Self.make(in: state)
        let action = machine.cancelled()
        switch state {
        case .waiting, .parked: #expect(action == .unregister)
        default: #expect(action == .nothing)
        }
        switch state {
        case .reading, .cancelled(isReading: true): #expect(machine.state == .cancelled(isReading: true))
        default: #expect(machine.state == .cancelled(isReading: false))
        }
    }

    @Test func `a parked fetch waits again when it is repeated, over and over`() {
        var machine = Self.make(in: .waiting)
        for _ in 0..<3 {
            #expect(machine.timeIsUp(canRepeat: true, hasNews: false) == .answerAndStay)
            machine.repeated()
            #expect(machine.state == .waiting)
        }
        #expect(machine.newsCame() == .ask)
    }
}
