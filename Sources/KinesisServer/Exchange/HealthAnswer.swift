internal import NIOCore

/// Whether the server is up, at the paths where LocalStack and kinesis-mock tell it, so that health checks of compose
/// files and test containers pass as they are.
enum HealthAnswer {
    /// `nil` for other paths.
    static func answer(to uri: String, isReady: Bool) -> Answer? {
        let status = isReady ? 200 : 503
        switch uri.prefix(while: { $0 != "?" }) {
        case "/_localstack/health", "/health":
            // LocalStack says `available` of a service that nobody has used yet: what a health check waits for.
            let state = isReady ? "available" : "starting"
            let text = """
                {"services": {"cloudwatch": "\(state)", "dynamodb": "\(state)", "kinesis": "\(state)"}, \
                "edition": "millrace"}
                """
            return Answer(status: status, contentType: "application/json", body: .whole(ByteBuffer(string: text)))
        case "/_localstack/init", "/_localstack/init/ready":
            let text = #"{"completed": \#(isReady), "scripts": []}"#
            return Answer(status: status, contentType: "application/json", body: .whole(ByteBuffer(string: text)))
        case "/healthcheck": return Answer(status: status, contentType: nil, body: .whole(ByteBuffer()))
        default: return nil
        }
    }
}
