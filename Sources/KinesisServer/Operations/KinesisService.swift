internal import Broker
package import KinesisProtocol
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore
internal import Serving
internal import Synchronization

/// The operations of the Kinesis API over the broker. What changes in it are the subscriptions and the budgets.
package final class KinesisService: Sendable {
    package struct Settings: Sendable {
        /// How long a shard iterator is good; AWS: five minutes. At most a day.
        package var iteratorValidityMilliseconds: Int64 = 300_000
        /// How long a page token is good.
        package var pageTokenValidityMilliseconds: Int64 = 300_000
        /// Whether AWS's throughput limits hold on streams that say nothing themselves: `kinesis.limits`.
        package var hasLimits = false

        /// Created before health checks pass.
        package var initialStreams: [InitialStream] = []

        package init() {}
    }

    let backend: any KinesisBackend
    let sealer: TokenSealer
    let settings: Settings
    let subscriptions = Subscriptions()
    /// Whether the streams that are to be there from the start are there.
    let isReady: Atomic<Bool>
    let limits: StreamLimits
    let policies = PolicyCache()

    package init(backend: any KinesisBackend, sealer: TokenSealer, settings: Settings = Settings()) {
        self.backend = backend
        self.sealer = sealer
        self.settings = settings
        self.isReady = Atomic(settings.initialStreams.isEmpty)
        self.limits = StreamLimits(
            holdByDefault: settings.hasLimits,
            throttles: backend.kinesisMetrics.throttles
        )
    }

    /// The stream that a request names, when Kinesis can see it.
    func stream(_ reference: StreamReference, _ caller: Caller) throws(KinesisError) -> HostedTopic {
        let name = try reference.resolved()
        guard let hosted = self.backend.topic(named: name), hosted.topic.isVisibleToKinesis else {
            throw KinesisError.streamNotFound(name, account: caller.account)
        }
        return hosted
    }

    /// The partition of a shard. An operation that finds it elsewhere or offline fails for now.
    func partition(
        of shard: Shard,
        in hosted: HostedTopic
    ) throws(KinesisError) -> HostedPartition {
        do {
            return try hosted.partition(shard.partition)
        } catch {
            throw .shardUnavailable(shard.id, stream: hosted.name)
        }
    }

    func view(_ hosted: HostedTopic) -> StreamView {
        StreamView(topic: hosted.topic, settings: self.backend.settings(for: hosted.topic))
    }

    /// `DryRun` says that the request would have been carried out; whether the caller may is not in question here.
    func checkDryRun(_ dryRun: Bool?) throws(KinesisError) {
        if dryRun == true {
            throw KinesisError(
                .dryRunOperation,
                "Request would have succeeded, but the DryRun parameter is set."
            )
        }
    }
}

/// How an operation answers: once, on the event loop that it was called on.
package typealias Respond<Output> = (Result<Output, KinesisError>) -> Void
