internal import Broker
internal import KafkaProtocol
internal import Serving

/// DescribeCluster (key 60), versions 0–2 (1: endpoint type, KIP-919; 2: fenced brokers).
///
/// Difference from Kafka: Millrace has no separate controllers, so only the brokers' endpoint type (1) is answered.
enum DescribeClusterAPI: KafkaAPI {
    typealias Request = DescribeClusterRequest
    typealias Response = DescribeClusterResponse

    static func start(_ request: DescribeClusterRequest, _ call: Call<DescribeClusterResponse>) {
        guard request.endpointType == 1 else {
            call.answer(
                DescribeClusterResponse(
                    errorCode: request.endpointType == 2 ? .mismatchedEndpointType : .unsupportedEndpointType,
                    errorMessage: "This listener serves brokers (endpoint type 1).",
                    clusterID: call.broker.clusterID
                )
            )
            return
        }
        let brokers = call.broker.brokers(for: call.session)
        call.answer(
            DescribeClusterResponse(
                clusterID: call.broker.clusterID,
                controllerID: brokers.controller.id,
                brokers: brokers.all.map { node in
                    DescribeClusterResponse.Broker(
                        brokerID: node.id,
                        host: node.host,
                        port: Int32(node.port),
                        rack: node.rack
                    )
                },
                clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
                    ? AuthorizedOperations.cluster : .min
            )
        )
    }
}
