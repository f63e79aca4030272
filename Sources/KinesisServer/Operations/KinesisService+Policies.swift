internal import Broker
internal import KinesisProtocol
internal import Metadata
internal import Model
internal import ResourcePolicies
internal import Serving
internal import Synchronization

/// The resource policies of streams and consumers (decision 0053): read when they are put, and again, once, when they
/// are first asked about.
///
/// Bounded: what does not fit is read each time.
final class PolicyCache: Sendable {
    private struct Entry {
        /// Compared with what the stream has now: equal texts share their storage, which makes that cheap.
        var text: String
        var policy: Policy?
    }

    private static let entriesMax = 4096

    private let entries = Mutex<[String: Entry]>([:])

    /// - Parameter resource: its ARN, or another name of its own.
    /// - Returns: `nil` for a text that an earlier version took and that is not a policy.
    func policy(_ text: String, of resource: String) -> Policy? {
        self.entries.withLock { entries in
            if let entry = entries[resource], entry.text == text { return entry.policy }
            let policy = try? Policy(text)
            if entries.count < Self.entriesMax || entries[resource] != nil {
                entries[resource] = Entry(text: text, policy: policy)
            }
            return policy
        }
    }
}

extension KinesisService {
    /// What the policies of a stream, and of the consumer that a request names, say of it. A denial of either wins.
    ///
    /// - Parameters:
    ///   - session: whose principal asks, from where.
    ///   - stream: its name, whether it exists or not.
    func policyDecision(
        of session: Session,
        _ caller: Caller,
        _ operation: Operation,
        on stream: String,
        consumerARN: String?
    ) -> Policy.Decision {
        guard let hosted = self.backend.topic(named: stream) else { return .silent }
        let ofStream = self.decision(session, caller, operation, hosted, nil)
        guard let name = consumerARN.flatMap({ ConsumerARN(text: $0)?.name }),
            let consumer = StreamConsumer.named(name, of: hosted.topic)
        else { return ofStream }
        let ofConsumer = self.decision(session, caller, operation, hosted, consumer)
        if ofStream == .deny || ofConsumer == .deny { return .deny }
        return ofStream == .allow ? .allow : ofConsumer
    }

    private func decision(
        _ session: Session,
        _ caller: Caller,
        _ operation: Operation,
        _ hosted: HostedTopic,
        _ consumer: StreamConsumer?
    ) -> Policy.Decision {
        let attribute = consumer?.policyAttribute ?? StreamAttributes.policy
        guard let text = hosted.topic.attributes[attribute] else { return .silent }
        let resource = consumer?.arn(on: hosted.topic, for: caller) ?? caller.streamARN(hosted.name)
        guard let policy = self.policies.policy(text, of: "\(hosted.id) \(attribute)") else { return .silent }
        let isKnown = session.principal != .anonymous
        var request = PolicyRequest(
            principalARN: isKnown
                ? "arn:\(caller.partition):iam::\(caller.account):user/\(session.principal.name)" : nil,
            principalAccount: isKnown ? caller.account : nil,
            action: "kinesis:" + operation.rawValue,
            resource: resource
        )
        request.setTransport(
            sourceAddress: NetworkAddress(session.remote.host),
            isSecure: session.tls != nil,
            milliseconds: self.backend.now()
        )
        return policy.decide(request)
    }

    /// - Throws: `InvalidArgumentException`, with what is wrong.
    func checkPolicy(_ text: String) throws(KinesisError) {
        do throws(PolicyRefusal) {
            _ = try Policy(text)
        } catch {
            throw KinesisError(.invalidArgument, error.message)
        }
    }
}
