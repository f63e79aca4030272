internal import AccessControl
internal import Broker
internal import KinesisProtocol
internal import Model
internal import ResourcePolicies
internal import Serving

/// Decides for one request what its caller may do: the one place where rights of the Kinesis port are asked for.
struct KinesisAccess: Sendable {
    let rights: Rights
    let authorizer: Authorizer?
    let audit: any AuditLog
    let session: Session
    let caller: Caller
    /// Whose streams have policies.
    let service: KinesisService

    /// No ACL binds the caller: a super user, or a server without an authorizer.
    private var isUnrestricted: Bool { self.rights.isUnrestricted }

    /// Nothing binds the caller. Without an authorizer a policy's denial still does: it wins over all that allows, as
    /// AWS evaluates. A super user, who can change every policy, is bound by none.
    var isExempt: Bool { self.isUnrestricted && self.authorizer != nil }

    /// The same caller with the rights of this moment.
    var current: KinesisAccess {
        guard let authorizer else { return self }
        return KinesisAccess(
            rights: authorizer.current(self.rights),
            authorizer: authorizer,
            audit: self.audit,
            session: self.session,
            caller: self.caller,
            service: self.service
        )
    }

    /// Throws AWS's `AccessDeniedException` when the operation needs a right that the caller does not have.
    ///
    /// - Parameters:
    ///   - stream: that the request names; `nil` where it names none.
    ///   - consumerARN: of the consumer that it names.
    func require(
        _ operation: Operation,
        on stream: String?,
        consumerARN: String? = nil
    ) throws(KinesisError) {
        if self.isExempt { return }
        switch operation.right {
        case .filtered: return
        case .stream(let needed):
            // A request that names no stream is refused for that, by its operation.
            guard let stream else { return }
            let policy = self.service.policyDecision(
                of: self.session,
                self.caller,
                operation,
                on: stream,
                consumerARN: consumerARN
            )
            switch policy {
            case .allow: return
            case .deny: throw self.denial(of: operation, stream: stream)
            case .silent: break
            }
            guard !self.rights.allows(needed, onTopic: stream) else { return }
            throw self.refusal(of: operation, needing: needed, resource: "TOPIC:\(stream)", stream: stream)
        case .create:
            guard let stream, !self.rights.allowsOnCluster(.create), !self.rights.allows(.create, onTopic: stream)
            else { return }
            throw self.refusal(of: operation, needing: .create, resource: "TOPIC:\(stream)", stream: stream)
        case .cluster(let needed):
            guard !self.rights.allowsOnCluster(needed) else { return }
            throw self.refusal(
                of: operation,
                needing: needed,
                resource: "CLUSTER:\(ResourceType.clusterName)",
                stream: stream
            )
        }
    }

    /// Whether the caller may see the stream in a list.
    func sees(_ stream: String) -> Bool { self.isUnrestricted || self.rights.allows(.describe, onTopic: stream) }

    /// Whether the caller may see the lease table in a list.
    func sees(leaseTable: String) -> Bool {
        self.isUnrestricted || self.rights.allows(.describe, on: .group, leaseTable)
    }

    /// Throws AWS's `AccessDeniedException` when the caller may not do this to the lease table.
    func require(_ operation: LeaseTableOperation, on table: String) throws(KinesisError) {
        guard !self.isUnrestricted, let needed = operation.right,
            !self.rights.allows(needed, on: .group, table)
        else { return }
        let arn = "arn:\(self.caller.partition):dynamodb:\(self.caller.region):\(self.caller.account):table/\(table)"
        throw self.refusal(
            "dynamodb:" + operation.rawValue,
            needing: needed,
            resource: "GROUP:\(table)",
            arn: arn
        )
    }

    private func refusal(
        of operation: Operation,
        needing needed: ACLOperation,
        resource: String,
        stream: String?
    ) -> KinesisError {
        self.refusal(
            "kinesis:" + operation.rawValue,
            needing: needed,
            resource: resource,
            arn: stream.map { self.caller.streamARN($0) } ?? "*"
        )
    }

    /// The policy of the stream, or of its consumer, denies it.
    private func denial(of operation: Operation, stream: String) -> KinesisError {
        let action = "kinesis:" + operation.rawValue
        self.recordRefusal(action, resource: "TOPIC:\(stream)", reason: "denied by its resource policy")
        let base = KinesisError(.notAuthorized, of: action, by: self.caller)
        let arn = self.caller.streamARN(stream)
        return KinesisError(
            .accessDenied,
            (base.message ?? "") + " on resource: \(arn) with an explicit deny in a resource-based policy"
        )
    }

    private func recordRefusal(_ action: String, resource: String, reason: String) {
        guard self.audit.isEnabled else { return }
        self.audit.record(
            AuditEvent(
                .authorization,
                session: self.session,
                face: "kinesis",
                operation: action,
                resource: resource,
                outcome: .refused,
                reason: reason
            )
        )
    }

    private func refusal(
        _ action: String,
        needing needed: ACLOperation,
        resource: String,
        arn: String
    ) -> KinesisError {
        self.recordRefusal(action, resource: resource, reason: "needs \(needed.name)")
        let base = KinesisError(.notAuthorized, of: action, by: self.caller)
        return KinesisError(
            .accessDenied,
            (base.message ?? "") + " on resource: \(arn) because no identity-based policy allows the \(action) action"
        )
    }
}
