internal import Broker
internal import KafkaProtocol
internal import Metadata
internal import Model
internal import NIOCore
internal import RecordBatch

/// GetTelemetrySubscriptions (key 71), version 0: which metrics a client is to push (KIP-714).
enum GetTelemetrySubscriptionsAPI: KafkaAPI {
    typealias Request = GetTelemetrySubscriptionsRequest
    typealias Response = GetTelemetrySubscriptionsResponse

    static func start(_ request: GetTelemetrySubscriptionsRequest, _ call: Call<GetTelemetrySubscriptionsResponse>) {
        let isNew = request.clientInstanceID == .zero
        let id = isNew ? call.broker.environment.makeTopicID() : request.clientInstanceID
        guard let subscription = call.broker.telemetry.subscription(for: id, call.clientAttributes(instanceID: id))
        else {
            call.answer(GetTelemetrySubscriptionsResponse(errorCode: .throttlingQuotaExceeded))
            return
        }
        call.answer(
            GetTelemetrySubscriptionsResponse(
                errorCode: .none,
                clientInstanceID: id,
                subscriptionID: subscription.id,
                acceptedCompressionTypes: Self.codecs.map { Int8($0.rawValue) },
                pushIntervalMs: subscription.intervalMilliseconds,
                telemetryMaxBytes: Int32(call.broker.configs.int("telemetry.max.bytes")),
                deltaTemporality: true,
                requestedMetrics: subscription.metricPrefixes
            )
        )
    }

    /// In order of preference, as Kafka's.
    private static let codecs: [CompressionCodec] = [.zstd, .lz4, .gzip, .snappy]

    static func errorResponse(
        to request: GetTelemetrySubscriptionsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> GetTelemetrySubscriptionsResponse? {
        GetTelemetrySubscriptionsResponse(errorCode: error)
    }
}

/// PushTelemetry (key 72), version 0: metrics of a client, which `/metrics` shows (KIP-714).
enum PushTelemetryAPI: KafkaAPI {
    typealias Request = PushTelemetryRequest
    typealias Response = PushTelemetryResponse

    static func start(_ request: PushTelemetryRequest, _ call: Call<PushTelemetryResponse>) {
        // Zero and one are reserved.
        guard request.clientInstanceID.high != 0 || request.clientInstanceID.low > 1 else {
            call.answer(PushTelemetryResponse(errorCode: .invalidRequest))
            return
        }
        let refusal = call.broker.telemetry.push(
            from: request.clientInstanceID,
            call.clientAttributes(instanceID: request.clientInstanceID),
            subscriptionID: request.subscriptionID,
            isTerminating: request.terminating,
            codec: UInt8(exactly: request.compressionType).flatMap { CompressionCodec(rawValue: $0) },
            metrics: Array(request.metrics.readableBytesView),
            bytesMax: call.broker.configs.int("telemetry.max.bytes")
        )
        call.answer(PushTelemetryResponse(errorCode: refusal.map(Self.error) ?? .none))
    }

    private static func error(_ refusal: ClientTelemetryStore.Refusal) -> ErrorCode {
        switch refusal {
        case .terminated: .invalidRequest
        case .throttle: .throttlingQuotaExceeded
        case .unknownSubscription: .unknownSubscriptionID
        case .unknownCodec: .unsupportedCompressionType
        case .tooLarge: .telemetryTooLarge
        case .malformed: .invalidRecord
        }
    }

    static func errorResponse(
        to request: PushTelemetryRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> PushTelemetryResponse? {
        PushTelemetryResponse(errorCode: error)
    }
}
