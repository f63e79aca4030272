internal import Broker
internal import Coordination
internal import GroupCoordinator
internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import Serving

/// An API that the group coordinator answers: it needs no more of the broker than `GroupCall` has.
protocol GroupAPI: KafkaAPI {
    /// The group that the request may bring into being; `nil` where it brings none.
    static func groupMade(by request: Request) -> GroupID?

    /// Called on the call's event loop; completes there, once.
    static func serve(
        _ request: Request,
        _ call: GroupCall,
        completion: @escaping @Sendable (Response) -> Void
    )
}

extension GroupAPI {
    static func groupMade(by request: Request) -> GroupID? { nil }

    static func start(_ request: Request, _ call: Call<Response>) {
        // The names of KCL applications are not for groups of Kafka's: what they read is decided by their leases.
        if let groupID = Self.groupMade(by: request), LeaseTableService.isApplication(groupID),
            let refusal = Self.errorResponse(to: request, .groupAuthorizationFailed, version: call.version)
        {
            call.answer(refusal)
            return
        }
        let groupCall = GroupCall(
            version: call.version,
            clientID: call.info.clientID,
            clientHost: call.session.remote.host,
            groups: call.broker.groups,
            leaseTables: call.broker.leaseTables,
            topics: call.broker.topics.current,
            eventLoop: call.eventLoop
        )
        Self.serve(request, groupCall) { call.answer($0) }
    }
}

/// What a group API works with.
struct GroupCall: Sendable {
    var version: Int16
    var clientID: String
    /// The client's address without its port.
    var clientHost: String
    var groups: GroupService
    /// Whose applications are shown beside the groups, where there are any.
    var leaseTables: LeaseTableService?
    /// The topics of the moment that the request came.
    var topics: TopicTable
    var eventLoop: any EventLoop
}

extension ErrorCode {
    init(_ error: CoordinatorError) { self.init(GroupError(error)) }
}
