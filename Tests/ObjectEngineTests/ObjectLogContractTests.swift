import LogTestSupport
import NIOPosix
import Testing

@testable import ObjectEngine

/// The promises of every log engine, kept from memory and from objects.
@Suite(.timeLimit(.minutes(20)))
struct ObjectLogContractTests {
    @Test(arguments: LogContract.all, [Int64(1 << 20), 0])
    func `the object engine keeps what log engines promise`(promise: LogContract, cacheBytes: Int64) async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = cacheBytes
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        try await promise.check(LogContract.Subject(engine: engine, log: logs[0], eventLoop: eventLoop))
        try await engine.shutDown()
    }
}
