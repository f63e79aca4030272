import Testing

@testable import KinesisServer

/// Every event in every state, without sockets.
@Suite struct HTTP1MachineTests {
    enum Situation: String, CaseIterable {
        case idle, quiescing, receiving, discarding, exchange, sending, closing, closed
    }

    private static func make(_ situation: Situation) -> HTTP1Machine {
        var machine = HTTP1Machine()
        switch situation {
        case .idle: break
        case .quiescing:
            // Began to quiesce while a request was under way, which is the only way to stay open.
            _ = machine.headReceived(HTTP1Machine.Request())
            _ = machine.quiesceBegan()
            _ = machine.endReceived()
        case .receiving: _ = machine.headReceived(HTTP1Machine.Request())
        case .discarding:
            _ = machine.headReceived(HTTP1Machine.Request())
            _ = machine.answerBegan(hasLength: true)
        case .exchange:
            _ = machine.headReceived(HTTP1Machine.Request())
            _ = machine.endReceived()
        case .sending:
            _ = machine.headReceived(HTTP1Machine.Request())
            _ = machine.endReceived()
            _ = machine.answerBegan(hasLength: true)
        case .closing: _ = machine.malformedReceived()
        case .closed: _ = machine.connectionClosed()
        }
        return machine
    }

    @Test(arguments: Situation.allCases) func `the client's bytes are taken in turn`(_ situation: Situation) {
        let machine = Self.make(situation)
        let isReceiving = situation == .receiving || situation == .discarding
        #expect(machine.takesParts(isWritable: true) == (isReceiving || situation == .idle))
        #expect(machine.takesParts(isWritable: false) == isReceiving)
        #expect(machine.isReceiving == (situation == .receiving))
        #expect(machine.awaitsClient == ![.exchange, .quiescing, .closed].contains(situation))
    }

    @Test(arguments: Situation.allCases) func `a request begins between requests`(_ situation: Situation) {
        var machine = Self.make(situation)
        #expect(machine.headReceived(HTTP1Machine.Request()) == (situation == .idle))
    }

    @Test(arguments: Situation.allCases) func `a body goes to its exchange or nowhere`(_ situation: Situation) {
        var machine = Self.make(situation)
        #expect(machine.bodyReceived(9) == (situation == .receiving ? .pass : .drop))
        let expected: HTTP1Machine.PartAction =
            switch situation {
            case .receiving: .pass
            case .discarding: .close
            default: .drop
            }
        #expect(machine.endReceived() == expected)
    }

    @Test func `not everything is read that was refused`() {
        var machine = Self.make(.discarding)
        #expect(machine.bodyReceived(HTTP1Machine.discardedBytesMax) == .drop)
        #expect(machine.bodyReceived(1) == .close)
        #expect(machine.endReceived() == .drop)
    }

    @Test(arguments: Situation.allCases) func `what is not HTTP ends the connection`(_ situation: Situation) {
        var machine = Self.make(situation)
        let expected: HTTP1Machine.MalformedAction =
            switch situation {
            case .idle, .receiving: .answer
            case .discarding: .close
            default: .drop
            }
        #expect(machine.malformedReceived() == expected)
        if expected != .drop {
            #expect(machine.takesParts(isWritable: true) == false)
            #expect(machine.answerBegan(hasLength: true) == nil)
        }
    }

    @Test(arguments: Situation.allCases) func `an answer goes to a request`(_ situation: Situation) {
        var machine = Self.make(situation)
        let plan = machine.answerBegan(hasLength: true)
        switch situation {
        case .receiving, .exchange, .quiescing:
            #expect(plan?.closes == (situation != .exchange))
            #expect(machine.answerBegan(hasLength: true) == nil, "there is one answer to a request")
            switch situation {
            case .receiving: #expect(machine.bodyReceived(1) == .drop, "what was refused is thrown away")
            case .quiescing: #expect(machine.answerEnded() == .close)
            default:
                #expect(machine.answerEnded() == .next)
                #expect(machine.takesParts(isWritable: true) == true)
            }
        default: #expect(plan == nil)
        }
    }

    @Test(arguments: Situation.allCases) func `an answer ends once`(_ situation: Situation) {
        var machine = Self.make(situation)
        #expect(machine.answerEnded() == .next)
        #expect(machine.headReceived(HTTP1Machine.Request()) == (situation == .idle || situation == .sending))
    }

    @Test(
        arguments: [
            (false, true, false), (false, false, true), (true, true, true), (true, false, true),
        ]
    )
    func `an answer says when the connection ends`(isHTTP10: Bool, isKeepAlive: Bool, closes: Bool) throws {
        // HTTP/1.0 clients that ask for it keep the connection where the length of the answer is known.
        let request = HTTP1Machine.Request(isHTTP10: isHTTP10, isKeepAlive: isKeepAlive, isHead: false)
        var known = HTTP1Machine()
        _ = known.headReceived(request)
        _ = known.endReceived()
        let began = known.answerBegan(hasLength: true)
        let plan = try #require(began)
        #expect(plan.framing == .length)
        #expect(plan.closes == !isKeepAlive)
        #expect(known.answerEnded() == (isKeepAlive ? .next : .close))
        var unknown = HTTP1Machine()
        _ = unknown.headReceived(request)
        _ = unknown.endReceived()
        let streamBegan = unknown.answerBegan(hasLength: false)
        let streamed = try #require(streamBegan)
        #expect(streamed.framing == (isHTTP10 ? .untilClose : .chunks))
        #expect(streamed.closes == closes)
        #expect(unknown.answerEnded() == (closes ? .close : .next))
    }

    @Test func `HEAD is answered without a body`() {
        var machine = HTTP1Machine()
        _ = machine.headReceived(HTTP1Machine.Request(isHead: true))
        _ = machine.endReceived()
        #expect(machine.answerBegan(hasLength: true)?.hasBody == false)
    }

    @Test(arguments: Situation.allCases) func `a server that stops ends idle connections at once`(
        _ situation: Situation
    ) {
        var machine = Self.make(situation)
        #expect(machine.quiesceBegan() == (situation == .idle))
        #expect(machine.answerEnded() == (situation == .sending ? .close : .next))
        #expect(machine.headReceived(HTTP1Machine.Request()) == false)
    }

    @Test(arguments: Situation.allCases) func `an exchange under way is not idle`(_ situation: Situation) {
        var machine = Self.make(situation)
        #expect(machine.idleExpired() == ![.exchange, .quiescing, .closed].contains(situation))
    }

    @Test(arguments: Situation.allCases) func `the exchange is told when the client goes`(_ situation: Situation) {
        var machine = Self.make(situation)
        let isUnderWay = [.receiving, .exchange, .quiescing, .sending].contains(situation)
        #expect(machine.connectionClosed() == isUnderWay)
        #expect(machine.connectionClosed() == false)
        #expect(machine.answerBegan(hasLength: true) == nil)
        #expect(machine.takesParts(isWritable: true) == false)
    }
}
