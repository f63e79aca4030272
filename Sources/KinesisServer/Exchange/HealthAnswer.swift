internal import NIOCore

/// Whether the server is up, at the paths where LocalStack and kinesis-mock tell it, so that health checks of compose
/// files and test containers pass as they are.
enum HealthAnswer {
    /// `nil` for other paths.
    static func answer(to uri: String) -> Answer? {
        switch uri.prefix(while: { $0 != "?" }) {
        case "/_localstack/health", "/health":
            // LocalStack says `available` of a service that nobody has used yet: what a health check waits for.
            let text = """
                {"services": {"cloudwatch": "available", "dynamodb": "available", "kinesis": "available"}, \
                "edition": "millrace"}
                """
            return Answer(status: 200, contentType: "application/json", body: .whole(ByteBuffer(string: text)))
        case "/_localstack/init", "/_localstack/init/ready":
            let text = #"{"completed": true, "scripts": []}"#
            return Answer(status: 200, contentType: "application/json", body: .whole(ByteBuffer(string: text)))
        case "/healthcheck": return Answer(status: 200, contentType: nil, body: .whole(ByteBuffer()))
        default: return nil
        }
    }
}
