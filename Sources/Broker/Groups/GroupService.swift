internal import Coordination
package import CoordinatorRuntime
package import GroupCoordinator
package import LogCore
package import NIOCore

/// The group coordinator as servers see it: a `GroupMachine` per partition of `__consumer_offsets`. Keys are group IDs.
package typealias GroupService = CoordinatorService<GroupMachine, GroupRecordCodec>

extension CoordinatorService where Machine == GroupMachine, Codec == GroupRecordCodec {
    /// - Parameters:
    ///   - engine: of the offsets topic's logs.
    ///   - surroundings: where groups of the consumer protocol find their topics.
    package convenience init(
        topic: any CoordinatorTopic,
        engine: any LogEngine,
        settings: GroupSettings,
        surroundings: any GroupSurroundings = EmptySurroundings(),
        environment: BrokerEnvironment,
        eventLoops: [any EventLoop]
    ) {
        self.init(
            topic: topic,
            engine: engine,
            environment: environment.forCoordinators,
            eventLoops: eventLoops
        ) {
            GroupMachine(settings: settings, surroundings: surroundings)
        }
    }
}
