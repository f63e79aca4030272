import Testing

@testable import KinesisServer

/// Every event in every state, without sockets.
@Suite struct MessageMachineTests {
    enum Situation: String, CaseIterable {
        case between, receiving, discarding, whole, answering, lastAnswer, over
    }

    private static func make(_ situation: Situation) -> MessageMachine {
        var machine = MessageMachine()
        switch situation {
        case .between: break
        case .receiving: _ = machine.headReceived(MessageMachine.Request())
        case .discarding:
            _ = machine.headReceived(MessageMachine.Request())
            _ = machine.answerBegan(hasLength: true, isLast: false)
        case .whole:
            _ = machine.headReceived(MessageMachine.Request())
            _ = machine.endReceived()
        case .answering, .lastAnswer:
            _ = machine.headReceived(MessageMachine.Request())
            _ = machine.endReceived()
            _ = machine.answerBegan(hasLength: true, isLast: situation == .lastAnswer)
        case .over: _ = machine.connectionClosed()
        }
        return machine
    }

    @Test(arguments: Situation.allCases) func `a request begins between requests`(_ situation: Situation) {
        var machine = Self.make(situation)
        #expect(machine.isReceiving == (situation == .receiving))
        #expect(machine.headReceived(MessageMachine.Request()) == (situation == .between))
    }

    @Test(arguments: Situation.allCases) func `a body goes to its exchange or nowhere`(_ situation: Situation) {
        var machine = Self.make(situation)
        #expect(machine.bodyReceived(9) == (situation == .receiving ? .pass : .drop))
        let expected: MessageMachine.PartAction =
            switch situation {
            case .receiving: .pass
            case .discarding: .close
            default: .drop
            }
        #expect(machine.endReceived() == expected)
    }

    @Test func `not everything is read that was refused`() {
        var machine = Self.make(.discarding)
        #expect(machine.bodyReceived(MessageMachine.discardedBytesMax) == .drop)
        #expect(machine.bodyReceived(1) == .close)
        #expect(machine.endReceived() == .drop)
    }

    @Test(arguments: Situation.allCases) func `what is not HTTP ends the connection`(_ situation: Situation) {
        var machine = Self.make(situation)
        let expected: MessageMachine.MalformedAction =
            switch situation {
            case .between, .receiving: .answer
            case .discarding: .close
            default: .drop
            }
        #expect(machine.malformedReceived() == expected)
        if expected != .drop {
            #expect(machine.headReceived(MessageMachine.Request()) == false)
            #expect(machine.answerBegan(hasLength: true, isLast: false) == nil)
        }
    }

    @Test(arguments: Situation.allCases) func `an answer goes to a request`(_ situation: Situation) {
        var machine = Self.make(situation)
        let plan = machine.answerBegan(hasLength: true, isLast: false)
        switch situation {
        case .receiving, .whole:
            #expect(plan?.closes == (situation == .receiving))
            #expect(machine.answerBegan(hasLength: true, isLast: false) == nil, "there is one answer to a request")
            #expect(machine.answerEnded() == .next)
            if situation == .receiving { #expect(machine.bodyReceived(1) == .drop, "what was refused is dropped") }
        default: #expect(plan == nil)
        }
    }

    @Test(arguments: Situation.allCases) func `an answer ends once`(_ situation: Situation) {
        var machine = Self.make(situation)
        #expect(machine.answerEnded() == (situation == .lastAnswer ? .close : .next))
        #expect(machine.answerEnded() == .next)
        #expect(
            machine.headReceived(MessageMachine.Request()) == (situation == .between || situation == .answering)
        )
    }

    @Test(
        arguments: [
            (false, true, false), (false, false, true), (true, true, true), (true, false, true),
        ]
    )
    func `an answer says when the connection ends`(isHTTP10: Bool, isKeepAlive: Bool, closes: Bool) throws {
        // HTTP/1.0 clients that ask for it keep the connection where the length of the answer is known.
        let request = MessageMachine.Request(isHTTP10: isHTTP10, isKeepAlive: isKeepAlive, isHead: false)
        var known = MessageMachine()
        _ = known.headReceived(request)
        _ = known.endReceived()
        let began = known.answerBegan(hasLength: true, isLast: false)
        let plan = try #require(began)
        #expect(plan.framing == .length)
        #expect(plan.closes == !isKeepAlive)
        #expect(known.answerEnded() == (isKeepAlive ? .next : .close))
        var unknown = MessageMachine()
        _ = unknown.headReceived(request)
        _ = unknown.endReceived()
        let streamBegan = unknown.answerBegan(hasLength: false, isLast: false)
        let streamed = try #require(streamBegan)
        #expect(streamed.framing == (isHTTP10 ? .untilClose : .chunks))
        #expect(streamed.closes == closes)
        #expect(unknown.answerEnded() == (closes ? .close : .next))
    }

    @Test func `the last answer of a connection says so`() {
        var machine = Self.make(.whole)
        #expect(machine.answerBegan(hasLength: true, isLast: true)?.closes == true)
        #expect(machine.answerEnded() == .close)
    }

    @Test func `HEAD is answered without a body`() {
        var machine = MessageMachine()
        _ = machine.headReceived(MessageMachine.Request(isHead: true))
        _ = machine.endReceived()
        #expect(machine.answerBegan(hasLength: true, isLast: false)?.hasBody == false)
    }

    @Test(arguments: Situation.allCases) func `the exchange is told when the client goes`(_ situation: Situation) {
        var machine = Self.make(situation)
        let isUnderWay = [.receiving, .whole, .answering, .lastAnswer].contains(situation)
        #expect(machine.connectionClosed() == isUnderWay)
        #expect(machine.connectionClosed() == false)
        #expect(machine.answerBegan(hasLength: true, isLast: false) == nil)
    }
}
