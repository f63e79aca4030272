internal import ArgumentParser
internal import Authentication
internal import FoundationEssentials
internal import KafkaClient
internal import Text

/// As whom a command authenticates at a Kafka listener with SASL.
struct LoginOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Authenticate as this user. (default: $MILLRACE_USER, else without authentication)",
            valueName: "name"
        )
    )
    var user: String?

    @Option(
        help: ArgumentHelp(
            "The file that has the user's password. (default: $MILLRACE_PASSWORD)",
            valueName: "file"
        ),
        completion: .file()
    )
    var passwordFile: String?

    @Option(
        help: ArgumentHelp(
            "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. (default: SCRAM-SHA-256)",
            valueName: "mechanism"
        )
    )
    var saslMechanism: String?

    @Flag(help: "The user is the ID of a delegation token, the password its HMAC.")
    var delegationToken = false

    @Option(
        name: .customLong("properties"),
        help: ArgumentHelp(
            "A client.properties file of Kafka: bootstrap.servers, security.protocol, sasl.mechanism, sasl.jaas.config.",
            valueName: "file"
        ),
        completion: .file(extensions: ["properties"])
    )
    var propertiesFile: String?

    /// Who the command is, by its options, else the environment, else the properties; `nil`: it does not say.
    func login(_ properties: ClientProperties?) throws(Failure) -> ClientLogin? {
        let named = self.user ?? Environment.value("MILLRACE_USER")
        guard let user = named ?? properties?.user else {
            if self.passwordFile != nil { throw Failure("--password-file goes with --user") }
            return nil
        }
        let mechanismName =
            self.saslMechanism ?? properties?.mechanism ?? Environment.value("MILLRACE_SASL_MECHANISM")
            ?? SaslMechanism.scramSHA256.rawValue
        guard let mechanism = SaslMechanism(rawValue: mechanismName.uppercased()), mechanism != .oauthBearer else {
            throw Failure("--sasl-mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, not \(mechanismName)")
        }
        let password: String
        if let path = self.passwordFile {
            password = try PasswordInput.read(file: path)
        } else if let value = Environment.value("MILLRACE_PASSWORD") {
            password = value
        } else if let path = Environment.value("MILLRACE_PASSWORD_FILE") {
            password = try PasswordInput.read(file: path)
        } else if named == nil, let value = properties?.password {
            password = value
        } else {
            throw Failure("the password of \(user) is missing: give --password-file or MILLRACE_PASSWORD")
        }
        return ClientLogin(
            user: user,
            password: password,
            mechanism: mechanism,
            isToken: self.delegationToken || (named == nil && properties?.isToken == true)
        )
    }

    /// Who a file of properties says a client is; `nil`: nobody.
    static func login(of properties: ClientProperties) throws(Failure) -> ClientLogin? {
        guard let user = properties.user else { return nil }
        let name = properties.mechanism ?? SaslMechanism.scramSHA256.rawValue
        guard let mechanism = SaslMechanism(rawValue: name.uppercased()), mechanism != .oauthBearer else {
            throw Failure("sasl.mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, not \(name)")
        }
        guard let password = properties.password else { throw Failure("the properties have no password of \(user)") }
        return ClientLogin(user: user, password: password, mechanism: mechanism, isToken: properties.isToken)
    }

    func properties() throws(Failure) -> ClientProperties? {
        guard let path = self.propertiesFile else { return nil }
        return try ClientProperties(file: path)
    }
}

/// What a command reads of Kafka's `client.properties`; everything else in it is for other clients.
struct ClientProperties {
    var bootstrap: String?
    /// `security.protocol` has TLS.
    var hasTLS = false
    var mechanism: String?
    var user: String?
    var password: String?
    var isToken = false
    /// PEM files.
    var authorities: String?
    var certificate: String?
    var key: String?

    init(file path: String) throws(Failure) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure("cannot read the properties \(path)")
        }
        let entries: [(name: String, value: String)]
        do throws(JavaProperties.Failure) {
            entries = try JavaProperties.parse(Array(data)).map { (name: $0.name, value: $0.value) }
        } catch {
            throw Failure("\(path), line \(error.line): \(error.reason)")
        }
        for (name, value) in entries {
            switch name {
            case "bootstrap.servers", "metadata.broker.list": self.bootstrap = value
            case "security.protocol": self.hasTLS = value.uppercased().hasSuffix("SSL")
            case "sasl.mechanism", "sasl.mechanisms": self.mechanism = value
            case "sasl.username": self.user = value
            case "sasl.password": self.password = value
            case "sasl.jaas.config": try self.read(jaas: value, path)
            case "ssl.truststore.location", "ssl.ca.location": self.authorities = value
            case "ssl.keystore.location", "ssl.certificate.location": self.certificate = value
            case "ssl.key.location": self.key = value
            default: break
            }
        }
    }

    private mutating func read(jaas text: String, _ path: String) throws(Failure) {
        do throws(JaasLine.Failure) {
            guard let entry = try JaasLine(text).entries.first else { return }
            self.user = entry.options["username"] ?? self.user
            self.password = entry.options["password"] ?? self.password
            self.isToken = entry.options["tokenauth"] == "true"
        } catch {
            throw Failure("\(path): sasl.jaas.config: \(error.reason)")
        }
    }
}

/// Where commands take passwords from; never from the command line, which every user of a machine sees.
enum PasswordInput {
    static func read(file path: String) throws(Failure) -> String {
        guard let data = FileManager.default.contents(atPath: path),
            let text = String(validating: data, as: UTF8.self)
        else { throw Failure("cannot read a password from \(path)") }
        return try Self.checked(text.split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init))
    }

    /// One line of standard input.
    static func readLine() throws(Failure) -> String { try Self.checked(Swift.readLine(strippingNewline: true)) }

    private static func checked(_ line: String?) throws(Failure) -> String {
        guard let line, !line.isEmpty, !line.utf8.contains(0) else { throw Failure("the password is empty") }
        return line
    }
}
