internal import AccessControl
internal import Broker
internal import KafkaProtocol
internal import Model
internal import Serving

/// What becomes of a request once it is known what its client may do.
enum Authorization<Response> {
    case granted
    /// Nothing of it; `KafkaAPI.errorResponse` says how that is told.
    case refused(ErrorCode)
    /// Nothing of it, and this is the answer.
    case answered(Response)
    /// The request has lost what is refused; the closure adds the refusals to the answer, or hides what must not be
    /// seen.
    case partly(@Sendable (inout Response) -> Void)
}

/// Asks what the client of one request may do.
struct Access: Sendable {
    let rights: Rights
    let broker: Broker
    let session: Session
    let version: Int16
    let operation: String

    /// Whether the client may do this. A refusal goes to the audit log.
    func allows(_ operation: ACLOperation, on type: ResourceType, _ name: String) -> Bool {
        if self.rights.allows(operation, on: type, name) { return true }
        self.noteRefusal(of: operation, on: type, name)
        return false
    }

    /// Whether the client may do this to the topic. A refusal goes to the audit log.
    func allows(_ operation: ACLOperation, onTopic name: String) -> Bool {
        if self.rights.allows(operation, onTopic: name) { return true }
        self.noteRefusal(of: operation, on: .topic, name)
        return false
    }

    /// Whether the client may do this to the cluster. A refusal goes to the audit log.
    func allowsOnCluster(_ operation: ACLOperation) -> Bool {
        self.allows(operation, on: .cluster, ResourceType.clusterName)
    }

    /// Refuses the whole request unless the client may do this to the cluster.
    func requireOnCluster<Response>(_ operation: ACLOperation) -> Authorization<Response> {
        self.allowsOnCluster(operation) ? .granted : .refused(.clusterAuthorizationFailed)
    }

    /// Refuses the whole request unless the client may do this to the group.
    func require<Response>(_ operation: ACLOperation, on group: GroupID) -> Authorization<Response> {
        self.allows(operation, on: .group, group.rawValue) ? .granted : .refused(.groupAuthorizationFailed)
    }

    /// Refuses the whole request unless the client may do this with the transactional ID.
    func require<Response>(_ operation: ACLOperation, onTransactionalID id: String) -> Authorization<Response> {
        self.allows(operation, on: .transactionalID, id) ? .granted : .refused(.transactionalIDAuthorizationFailed)
    }

    /// The bits of a field of authorized operations (KIP-430).
    func operations(on type: ResourceType, _ name: String) -> Int32 {
        self.rights.operations(on: type, name).intersection(type.operations).rawValue
    }

    /// The same of the cluster: nothing for a client that may not describe it.
    var clusterOperations: Int32 {
        self.rights.allowsOnCluster(.describe) ? self.operations(on: .cluster, ResourceType.clusterName) : 0
    }

    /// Takes out what the client may not do.
    ///
    /// - Parameter name: of the topic; `nil` for a topic ID that stands for none, which is left in and answered so.
    /// - Returns: what was taken out.
    func takeRefused<Item>(
        from items: inout [Item],
        _ operation: ACLOperation,
        on type: ResourceType = .topic,
        name: (Item) -> String?
    ) -> [Item] {
        // Nearly always everything is allowed, and nothing is copied.
        guard items.contains(where: { name($0).map { !self.rights.allows(operation, on: type, $0) } ?? false }) else {
            return []
        }
        var refused: [Item] = []
        var allowed: [Item] = []
        for item in items {
            if let name = name(item), !self.allows(operation, on: type, name) {
                refused.append(item)
            } else {
                allowed.append(item)
            }
        }
        items = allowed
        return refused
    }

    /// The name that a request means: by ID where it has one.
    func topicName(_ name: String?, _ id: TopicID) -> String? {
        id == .zero ? name : self.broker.topics.current.topic(id: id)?.name
    }

    private func noteRefusal(of operation: ACLOperation, on type: ResourceType, _ name: String) {
        let audit = self.broker.environment.audit
        guard audit.isEnabled else { return }
        audit.record(
            AuditEvent(
                .authorization,
                session: self.session,
                face: "kafka",
                operation: self.operation,
                resource: "\(type.name):\(name)",
                outcome: .refused,
                reason: "needs \(operation.name)"
            )
        )
    }
}

extension KafkaAPI {
    /// Carries out a request, or what its client may do of it.
    static func authorizeAndStart(_ request: Request, _ call: Call<Response>) {
        if call.info.rights.isUnrestricted {
            return Self.start(request, Self.isAdministrative ? Self.audited(request, call) : call)
        }
        // What is noted of an act is the answer that the client gets, so that comes last.
        let asked = request
        let audited = { (call: Call<Response>) in Self.isAdministrative ? Self.audited(asked, call) : call }
        var request = request
        switch Self.authorize(&request, call.access(Request.apiKey)) {
        case .granted: Self.start(request, audited(call))
        case .answered(let response): audited(call).answer(response)
        case .partly(let amend): Self.start(request, audited(call.amended(amend)))
        case .refused(let error):
            let call = audited(call)
            if let response = Self.errorResponse(to: request, error, version: call.version) {
                call.answer(response)
            } else {
                call.closeConnection(.refusedRequest, because: "\(Request.apiKey) was refused with \(error)")
            }
        }
    }
}
