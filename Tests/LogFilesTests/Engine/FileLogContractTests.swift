import LogTestSupport
import NIOPosix
import Testing

@testable import LogFiles

/// The promises of every log engine.
@Suite(.timeLimit(.minutes(20)))
struct FileLogContractTests {
    @Test(arguments: LogContract.all)
    func `the file engine keeps what log engines promise`(promise: LogContract) async throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        try await promise.check(LogContract.Subject(engine: engine, log: logs[0], eventLoop: eventLoop))
        try engine.close()
    }
}
