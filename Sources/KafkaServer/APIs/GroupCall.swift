internal import Broker
internal import Coordination
internal import GroupCoordinator
internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import Serving

/// An API that the group coordinator answers: it needs no more of the broker than `GroupCall` has.
protocol GroupAPI: KafkaAPI {
    /// Called on the call's event loop; completes there, once.
    static func serve(
        _ request: Request,
        _ call: GroupCall,
        completion: @escaping @Sendable (Response) -> Void
    )
}

extension GroupAPI {
    static func start(_ request: Request, _ call: Call<Response>) {
        let groupCall = GroupCall(
            version: call.version,
            clientID: call.info.clientID,
            clientHost: call.session.remote.host,
            groups: call.broker.groups,
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
    /// The topics of the moment that the request came.
    var topics: TopicTable
    var eventLoop: any EventLoop
}

extension ErrorCode {
    init(_ error: CoordinatorError) { self.init(GroupError(error)) }
}
