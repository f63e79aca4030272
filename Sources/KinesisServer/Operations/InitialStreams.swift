internal import KinesisProtocol
internal import Synchronization

/// A stream that is there from the start, as kinesis-mock and LocalStack make them.
package struct InitialStream: Sendable, Equatable {
    package var name: String
    package var shardCount: Int32

    package init(name: String, shardCount: Int32) {
        self.name = name
        self.shardCount = shardCount
    }
}

extension KinesisService {
    /// Creates the streams of the settings that do not exist; then health checks pass.
    ///
    /// - Throws: what CreateStream answers, of the first stream that cannot be created.
    func createInitialStreams() async throws(KinesisError) {
        let caller = Caller(accessKeyID: "", region: "")
        for stream in self.settings.initialStreams where self.backend.topic(named: stream.name) == nil {
            var input = CreateStreamInput()
            input.streamName = stream.name
            input.shardCount = stream.shardCount
            var violations = ConstraintViolations()
            input.validate(&violations)
            try violations.check()
            do throws(KinesisError) {
                try await self.createStream(input, caller)
            } catch {
                // Another broker of the cluster made it at the same time.
                guard error.code == .resourceInUse else { throw error }
            }
        }
        self.isReady.store(true, ordering: .releasing)
    }
}
