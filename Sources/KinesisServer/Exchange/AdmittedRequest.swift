/// A request that is read: of Kinesis, or of a service that its consumers use beside it.
enum AdmittedRequest {
    case kinesis(KinesisRequest)
    case companion(CompanionRequest)
}
