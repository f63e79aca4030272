internal import Broker
internal import KafkaProtocol

/// UnregisterBroker (key 64), version 0: forgets a broker that is gone. This one is here, and there is no other.
enum UnregisterBrokerAPI: KafkaAPI {
    typealias Request = UnregisterBrokerRequest
    typealias Response = UnregisterBrokerResponse

    static func start(_ request: UnregisterBrokerRequest, _ call: Call<UnregisterBrokerResponse>) {
        guard request.brokerID == call.broker.settings.nodeID else {
            call.answer(
                UnregisterBrokerResponse(
                    errorCode: .brokerIDNotRegistered,
                    errorMessage: "Broker \(request.brokerID) is not registered."
                )
            )
            return
        }
        call.answer(
            UnregisterBrokerResponse(
                errorCode: .invalidRequest,
                errorMessage: "Broker \(request.brokerID) answers this request and cannot be unregistered."
            )
        )
    }
}
