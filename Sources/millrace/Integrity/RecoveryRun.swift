internal import Broker
internal import FoundationEssentials
internal import LogCore
internal import LogFiles
internal import Logging
internal import Metadata
internal import MetadataSQLite
internal import Model

/// A start of the log engine without servers, and its end: replays the journal into the segments, rebuilds what is
/// derived, and leaves a directory that was closed cleanly.
enum RecoveryRun {
    static func run(_ root: Directory) async throws(Failure) {
        var logger = Logger(label: "millrace", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .warning
        do {
            let store = try SQLiteMetadataStore(path: root.path(of: Inspection.database))
            let topics = try TopicsImage(try await store.range(.prefix(MetadataKeys.topics)))
            try await store.close()
            guard let bytes = try root.contents(of: FileNames.properties, bytesMax: 64 << 10),
                let properties = DirectoryProperties(decoding: bytes)
            else { throw Failure("\(root.path(of: FileNames.properties)) cannot be read") }
            let recovering = try FileLogEngine.start(path: root.path, properties: properties, logger: logger)
            let settings = try BrokerSettings(configs: BrokerConfigs())
            let wanted = topics.sortedTopics.flatMap { topic in
                topic.partitions.enumerated().map { number, partition in
                    LogAcquisition(
                        partition: TopicPartition(topicID: topic.id, partition: Int32(number)),
                        topicName: topic.name,
                        settings: settings.logSettings(for: topic),
                        epoch: partition.leaderEpoch
                    )
                }
            }
            let recovered = try await recovering.finish(acquiring: wanted)
            // What is not written by then stays in the journal.
            let deadline = ContinuousClock.now + .seconds(30)
            while recovered.engine.unwrittenBytes > 0, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(5))
            }
            try recovered.engine.close()
        } catch let failure as Failure {
            throw failure
        } catch let error as LogError {
            throw Failure(error.message)
        } catch let error as MetadataError {
            throw Failure(error.message)
        } catch {
            throw Failure("\(error)")
        }
    }
}
