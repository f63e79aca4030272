internal import AdminServer

/// Where clients reach this server, as it was configured.
package struct ConnectFacts: Sendable {
    package struct Listener: Sendable {
        package var name: String
        /// Where clients are sent to: the advertised address; without one the address that is listened on.
        package var address: String
        /// As Kafka prints it: `SASL_SSL`.
        package var securityProtocol: String
        package var isAdvertised: Bool

        package init(name: String, address: String, securityProtocol: String, isAdvertised: Bool) {
            self.name = name
            self.address = address
            self.securityProtocol = securityProtocol
            self.isAdvertised = isAdvertised
        }
    }

    package var kafka: [Listener]
    /// `http://127.0.0.1:4567`
    package var kinesis: [String]
    /// Requests to the Kinesis port have to be signed by a key that the server knows.
    package var needsAccessKey: Bool
    package var region: String

    package init(kafka: [Listener], kinesis: [String], needsAccessKey: Bool, region: String) {
        self.kafka = kafka
        self.kinesis = kinesis
        self.needsAccessKey = needsAccessKey
        self.region = region
    }
}

/// Snippets that work as they are.
struct ConnectPage {
    var facts: ConnectFacts
    /// In the snippets.
    var topic: String

    func answer(_ request: AdminRequest) -> AdminAnswer {
        PageFrame("Connect", in: .connect, for: request.identity).answer { html in self.write(to: &html) }
    }

    func write(to html: inout HTMLWriter) {
        html(.h1, text: "Connect a client")
        html(.p, .class("lead"), text: "With the addresses that this server gives its clients.")
        for listener in self.facts.kafka { self.kafka(listener, &html) }
        if let endpoint = self.facts.kinesis.first { self.kinesis(endpoint, &html) }
        if self.facts.kafka.isEmpty && self.facts.kinesis.isEmpty {
            html(.p, .class("empty"), text: "The server listens for no clients.")
        }
    }

    private func kafka(_ listener: ConnectFacts.Listener, _ html: inout HTMLWriter) {
        let title = self.facts.kafka.count == 1 ? "Kafka" : "Kafka: \(listener.name)"
        html.card("\(title) — \(listener.address)") { html in
            if !listener.isAdvertised {
                html(
                    .p,
                    .class("faint"),
                    text:
                        "Clients are told the address by which they came. Behind a port mapping, set advertised.listeners."
                )
            }
            Self.snippet("kcat: the last ten records", self.kcat(listener), &html)
            Self.snippet("Python (confluent-kafka)", self.python(listener), &html)
            Self.snippet("Properties of Java clients", Self.properties(listener), &html)
        }
    }

    private func kinesis(_ endpoint: String, _ html: inout HTMLWriter) {
        html.card("Kinesis — \(endpoint)") { html in
            if self.facts.kinesis.count > 1 {
                html(.p, .class("faint"), text: "Also at \(self.facts.kinesis.dropFirst().joined(separator: ", ")).")
            }
            if !self.facts.needsAccessKey {
                html(.p, .class("faint"), text: "Any access key will do: this server does not verify who signs.")
            }
            Self.snippet("AWS command line", self.aws(endpoint), &html)
            Self.snippet("Python (boto3)", self.boto(endpoint), &html)
            Self.snippet("Environment of any AWS SDK", self.environment(endpoint), &html)
        }
    }

    private static func snippet(_ title: String, _ text: String, _ html: inout HTMLWriter) {
        html(.h3, text: title)
        html(.div, .class("snippet")) { html in html(.pre, text: text) }
    }

    private func kcat(_ listener: ConnectFacts.Listener) -> String {
        var text = "kcat -b \(listener.address) -t \(self.topic) -C -o -10 -e"
        if listener.securityProtocol != "PLAINTEXT" {
            text += " \\\n    -X security.protocol=\(listener.securityProtocol.lowercased())"
        }
        if listener.securityProtocol.hasPrefix("SASL") {
            text += " \\\n    -X sasl.mechanism=SCRAM-SHA-256 -X sasl.username=USER -X sasl.password=PASSWORD"
        }
        return text
    }

    private func python(_ listener: ConnectFacts.Listener) -> String {
        var settings = ["\"bootstrap.servers\": \"\(listener.address)\""]
        if listener.securityProtocol != "PLAINTEXT" {
            settings.append("\"security.protocol\": \"\(listener.securityProtocol)\"")
        }
        if listener.securityProtocol.hasPrefix("SASL") {
            settings.append(
                "\"sasl.mechanism\": \"SCRAM-SHA-256\", \"sasl.username\": \"USER\", \"sasl.password\": \"PASSWORD\""
            )
        }
        return """
            from confluent_kafka import Producer

            producer = Producer({\(settings.joined(separator: ",\n                     "))})
            producer.produce("\(self.topic)", key="a key", value="a value")
            producer.flush()
            """
    }

    private static func properties(_ listener: ConnectFacts.Listener) -> String {
        var lines = ["bootstrap.servers=\(listener.address)"]
        if listener.securityProtocol != "PLAINTEXT" { lines.append("security.protocol=\(listener.securityProtocol)") }
        if listener.securityProtocol.hasPrefix("SASL") {
            lines.append("sasl.mechanism=SCRAM-SHA-256")
            lines.append(
                "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required "
                    + "username=\"USER\" password=\"PASSWORD\";"
            )
        }
        return lines.joined(separator: "\n")
    }

    private var keys: (id: String, secret: String) {
        self.facts.needsAccessKey ? ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY") : ("local", "local")
    }

    private func environment(_ endpoint: String) -> String {
        """
        export AWS_ENDPOINT_URL_KINESIS=\(endpoint)
        export AWS_REGION=\(self.facts.region)
        export AWS_ACCESS_KEY_ID=\(self.keys.id)
        export AWS_SECRET_ACCESS_KEY=\(self.keys.secret)
        """
    }

    private func aws(_ endpoint: String) -> String {
        """
        aws kinesis put-record --endpoint-url \(endpoint) --region \(self.facts.region) \\
            --stream-name \(self.topic) --partition-key "a key" --data "a value" \\
            --cli-binary-format raw-in-base64-out
        """
    }

    private func boto(_ endpoint: String) -> String {
        """
        import boto3

        kinesis = boto3.client("kinesis", endpoint_url="\(endpoint)", region_name="\(self.facts.region)",
                               aws_access_key_id="\(self.keys.id)", aws_secret_access_key="\(self.keys.secret)")
        kinesis.put_record(StreamName="\(self.topic)", PartitionKey="a key", Data=b"a value")
        """
    }
}
