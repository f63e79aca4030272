import NIOCore
import Testing

@testable import Serving

/// What a connection counts, and when its client is in the way.
@Suite struct ConnectionCoreMemoryTests {
    typealias Core = ConnectionCore

    private static let large = 1 << 20

    private static func at(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }

    @Test func `a large request is counted from its claim until it begins to be the log's, or is finished`() {
        for requestClass in RequestClass.allCases {
            var core = ConnectionCoreTests.makeCore()
            let claim = core.requestClaims(Self.large, limit: Self.large)
            #expect(claim == .reserve(Self.large))
            #expect(core.requestBytes == 0)
            core.claimGranted(Self.large)
            #expect(core.requestBytes == Self.large)
            let again = core.requestClaims(Self.large, limit: Self.large)
            #expect(again == .none)
            let ticket = ConnectionCoreTests.start(&core, requestClass, bytes: Self.large)
            #expect(core.requestBytes == (requestClass == .append ? 0 : Self.large))
            core.requestFinished(ticket, answer: nil)
            #expect(core.requestBytes == 0)
        }
    }

    @Test(arguments: [(RequestClass.append, Core.Obstacle.congestion), (.read, .memory)])
    func `a request that is held stays counted, also when it came too fast to be counted before`(
        requestClass: RequestClass,
        obstacle: Core.Obstacle
    ) {
        for isClaimed in [false, true] {
            var core = ConnectionCoreTests.makeCore()
            if isClaimed { core.claimGranted(Self.large) }
            _ = core.requestArrived(requestClass, bytes: Self.large, obstacle: obstacle)
            #expect(core.requestBytes == Self.large)
            let started = core.relieved(obstacle: nil)
            #expect(started != nil)
            #expect(core.requestBytes == (requestClass == .append ? 0 : Self.large))
        }
    }

    @Test func `small requests are not counted, and nothing is claimed while nothing is read`() {
        var core = ConnectionCoreTests.makeCore()
        let small = core.requestClaims(ConnectionMemory.countedFrom - 1, limit: Self.large)
        #expect(small == .none)
        _ = ConnectionCoreTests.start(&core, .control, bytes: ConnectionMemory.countedFrom - 1)
        #expect(core.requestBytes == 0)
        core.writabilityChanged(isWritable: false)
        let large = core.requestClaims(Self.large, limit: Self.large)
        #expect(large == .none)
    }

    @Test func `answers are counted while they wait for their turn and until the socket has taken them`() {
        var core = ConnectionCoreTests.makeCore()
        let (first, second) = (
            ConnectionCoreTests.start(&core, .append), ConnectionCoreTests.start(&core, .append)
        )
        core.requestFinished(second, answer: [ByteBuffer(repeating: 0, count: 5000)])
        #expect(core.answerBytes == 5000)
        core.requestFinished(first, answer: [ByteBuffer(repeating: 0, count: 3)])
        while let parts = core.nextAnswer() { core.wrote(parts.reduce(0) { $0 + $1.readableBytes }) }
        #expect(core.answerBytes == 0)
        #expect(core.mayHaveUntaken == true)
        core.answersUntaken(5003)
        #expect(core.answerBytes == 5003)
        core.answersUntaken(0)
        #expect(core.answerBytes == 0 && core.mayHaveUntaken == false)
    }

    // MARK: Stalled clients

    @Test func `a client that takes nothing is closed once its patience is over and others wait, not before`() {
        var core = ConnectionCoreTests.makeCore()
        core.wrote(Self.large)
        core.answersUntaken(Self.large)
        #expect(core.needsStallWatch == true)
        core.stallWatchStarted(now: Self.at(0))
        #expect(core.needsStallWatch == false)
        let early = core.stallCheck(now: Self.at(4_999), isAwaited: true, patience: .seconds(5))
        #expect(early == .again)
        let alone = core.stallCheck(now: Self.at(60_000), isAwaited: false, patience: .seconds(5))
        #expect(alone == .again, "nobody waits for it")
        let due = core.stallCheck(now: Self.at(60_000), isAwaited: true, patience: .seconds(5))
        #expect(due == .close)
    }

    @Test func `a client that takes enough starts its time again, one that takes a little does not`() {
        var core = ConnectionCoreTests.makeCore()
        core.wrote(Self.large)
        core.answersUntaken(Self.large)
        core.stallWatchStarted(now: Self.at(0))
        core.answersUntaken(Self.large - Core.progressBytesMin)
        let moved = core.stallCheck(now: Self.at(4_000), isAwaited: true, patience: .seconds(5))
        #expect(moved == .again)
        core.answersUntaken(Self.large - Core.progressBytesMin - 1)
        let within = core.stallCheck(now: Self.at(8_999), isAwaited: true, patience: .seconds(5))
        #expect(within == .again)
        let due = core.stallCheck(now: Self.at(9_000), isAwaited: true, patience: .seconds(5))
        #expect(due == .close)
    }

    @Test func `further answers for a client that takes none are not its progress`() {
        var core = ConnectionCoreTests.makeCore()
        core.wrote(Self.large)
        core.answersUntaken(Self.large)
        core.stallWatchStarted(now: Self.at(0))
        core.wrote(Self.large)
        core.answersUntaken(2 * Self.large)
        let due = core.stallCheck(now: Self.at(5_000), isAwaited: true, patience: .seconds(5))
        #expect(due == .close)
    }

    @Test func `a client that holds little is not watched, and is let go when it comes to hold little`() {
        var core = ConnectionCoreTests.makeCore()
        core.answersUntaken(Core.stallBytesMin - 1)
        #expect(core.needsStallWatch == false)
        core.answersUntaken(Core.stallBytesMin)
        core.stallWatchStarted(now: Self.at(0))
        core.answersUntaken(10)
        let action = core.stallCheck(now: Self.at(9_000), isAwaited: true, patience: .seconds(5))
        #expect(action == .stop)
    }

    @Test func `half a request is its client's fault while we would read it, and ours while we do not`() {
        var core = ConnectionCoreTests.makeCore()
        core.claimGranted(Self.large)
        #expect(core.needsStallWatch == true)
        core.writabilityChanged(isWritable: false)
        #expect(core.needsStallWatch == false)
    }

    @Test func `a client whose request we hold is not in the way`() {
        var core = ConnectionCoreTests.makeCore()
        core.claimGranted(Self.large)
        _ = core.requestArrived(.append, bytes: Self.large, obstacle: .congestion)
        #expect(core.requestBytes == Self.large && core.needsStallWatch == false)
    }

    @Test func `an answer that is made as its client takes it counts before it is made`() {
        var core = ConnectionCoreTests.makeCore()
        core.answersUntaken(0, pending: Self.large)
        #expect(core.answerBytes == Self.large && core.needsStallWatch == true && core.mayHaveUntaken == true)
        core.stallWatchStarted(now: Self.at(0))
        // The rest is made and written, and nothing of it is taken.
        core.wrote(2 * Self.large)
        core.answersUntaken(2 * Self.large, pending: 0)
        let due = core.stallCheck(now: Self.at(5_000), isAwaited: true, patience: .seconds(5))
        #expect(due == .close)
        core.answersUntaken(0)
        #expect(core.answerBytes == 0)
    }

    @Test func `nothing of a request is taken while it waits for memory`() {
        var core = ConnectionCoreTests.makeCore()
        #expect(core.takesInput == true && core.awaitsMemoryForRequest == false)
        core.claimMustWait(Self.large)
        #expect(core.takesRequests == true && core.takesInput == false && core.awaitsMemoryForRequest == true)
        core.claimGranted(Self.large)
        #expect(core.takesInput == true)
    }
}
