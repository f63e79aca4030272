internal import KafkaProtocol
internal import Model
internal import Serving

/// ConsumerGroupHeartbeat (key 68), versions 0–1: advertised, and refused.
///
/// Difference from Kafka: groups of the new protocol (KIP-848) are not served yet. As in a Kafka cluster whose
/// coordinator has only the classic protocol switched on, the API is listed and every request gets UNSUPPORTED_VERSION,
/// which clients take for fatal. Were it not listed, librdkafka would look for a coordinator that has it for ever.
enum ConsumerGroupHeartbeatAPI: KafkaAPI {
    typealias Request = ConsumerGroupHeartbeatRequest
    typealias Response = ConsumerGroupHeartbeatResponse

    static func start(_ request: ConsumerGroupHeartbeatRequest, _ call: Call<ConsumerGroupHeartbeatResponse>) {
        call.warn(
            .groupProtocol,
            "group \(request.groupID) of client \(call.info.clientID): set group.protocol=classic in the consumer"
        )
        call.answer(
            ConsumerGroupHeartbeatResponse(
                errorCode: .unsupportedVersion,
                errorMessage: "Groups of the new protocol are not served yet. Set group.protocol=classic."
            )
        )
    }

    static func errorResponse(
        to request: ConsumerGroupHeartbeatRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> ConsumerGroupHeartbeatResponse? {
        ConsumerGroupHeartbeatResponse(errorCode: error)
    }
}
