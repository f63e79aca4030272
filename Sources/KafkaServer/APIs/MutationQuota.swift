internal import Broker
internal import KafkaProtocol
internal import Quotas

/// The `controller_mutation_rate` of the client of one request (KIP-599): charged for each topic that the request
/// creates or deletes or adds partitions to.
struct MutationQuota {
    private let quotas: ClientQuotas
    private let client: QuotaClient
    private let strictness: QuotaSensors.Strictness
    /// Monotonic milliseconds.
    private let now: @Sendable () -> Int64
    private var pauseEnd: Int64?

    /// - Parameter version: the first whose clients know THROTTLING_QUOTA_EXCEEDED. Of older ones everything is done,
    ///   and the client must pause afterwards.
    init<Response: KafkaResponse>(_ call: Call<Response>, strictSince version: Int16) {
        self.quotas = call.broker.quotas
        self.client = call.info.quotaClient
        self.strictness = call.version >= version ? .strict : .permissive
        self.now = call.broker.environment.monotonicMilliseconds
    }

    /// Charges so many partitions.
    ///
    /// - Throws: `.quotaExceeded`: nothing may be done.
    mutating func charge(_ partitions: Int) throws(BrokerError) {
        guard self.quotas.isLimited(.controllerMutationRate) else { return }
        switch self.quotas.mutate(partitions, by: self.client, self.strictness) {
        case .permit: break
        case .permitAndPause(let pause): self.pauseEnd = self.now() + pause
        case .refuse(let pause):
            self.pauseEnd = self.now() + pause
            throw BrokerError(.quotaExceeded, "The throttling quota has been exceeded.")
        }
    }

    /// What is left of the pause now that the request is answered; 0 when the quota was not exceeded.
    var throttleTimeMs: Int32 {
        guard let pauseEnd else { return 0 }
        return Int32(clamping: max(0, pauseEnd - self.now()))
    }
}
