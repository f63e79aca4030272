package import Broker
internal import Serving

extension BrokerViews {
    /// What both protocols have done since the start, and when that is: the time is of a clock that never goes back, in
    /// milliseconds. Cheap: some atomic loads.
    package static func faces(of broker: Broker) -> (milliseconds: Int64, kafka: FaceView, kinesis: FaceView) {
        (
            broker.environment.monotonicMilliseconds(), FaceView(broker.metrics.kafka),
            FaceView(broker.metrics.kinesis)
        )
    }
}
