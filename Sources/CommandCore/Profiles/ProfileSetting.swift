/// A setting of a profile. Each stands for the environment variable of the same meaning.
package enum ProfileSetting: String, CaseIterable, Sendable {
    case bootstrap
    case tls
    case caFile = "ca-file"
    case certFile = "cert-file"
    case keyFile = "key-file"
    case user
    case password
    case passwordFile = "password-file"
    case saslMechanism = "sasl-mechanism"
    case endpoint
    case awsAccessKeyID = "aws-access-key-id"
    case awsSecretAccessKey = "aws-secret-access-key"
    case awsSessionToken = "aws-session-token"
    case awsRegion = "aws-region"
    case admin
    case adminToken = "admin-token"
    case dataDirectory = "data-dir"

    /// The environment variable that is looked at before the profile.
    package var variable: String {
        switch self {
        case .bootstrap: "MILLRACE_BOOTSTRAP"
        case .tls: "MILLRACE_TLS"
        case .caFile: "MILLRACE_CA_FILE"
        case .certFile: "MILLRACE_CERT_FILE"
        case .keyFile: "MILLRACE_KEY_FILE"
        case .user: "MILLRACE_USER"
        case .password: "MILLRACE_PASSWORD"
        case .passwordFile: "MILLRACE_PASSWORD_FILE"
        case .saslMechanism: "MILLRACE_SASL_MECHANISM"
        case .endpoint: "MILLRACE_ENDPOINT"
        case .awsAccessKeyID: "AWS_ACCESS_KEY_ID"
        case .awsSecretAccessKey: "AWS_SECRET_ACCESS_KEY"
        case .awsSessionToken: "AWS_SESSION_TOKEN"
        case .awsRegion: "AWS_REGION"
        case .admin: "MILLRACE_ADMIN_URL"
        case .adminToken: "MILLRACE_ADMIN_TOKEN"
        case .dataDirectory: "MILLRACE_DATA_DIR"
        }
    }

    /// Whether its value is never printed.
    package var isSecret: Bool {
        switch self {
        case .password, .awsSecretAccessKey, .awsSessionToken, .adminToken: true
        default: false
        }
    }

    /// For `--help` and errors.
    package static var names: String { Self.allCases.map(\.rawValue).joined(separator: ", ") }

    package init(name: some StringProtocol) throws(OptionError) {
        guard let setting = ProfileSetting(rawValue: String(name)) else {
            throw OptionError("'\(name)' is not a setting of a profile; there are \(Self.names).")
        }
        self = setting
    }

    /// Reads `NAME=VALUE` of a command line, where secrets have no place: every user of a machine sees it.
    package static func assignment(_ text: String) throws(OptionError) -> (setting: ProfileSetting, value: String) {
        guard let equals = text.firstIndex(of: "=") else {
            throw OptionError("'\(text)' is not NAME=VALUE, for example bootstrap=broker.example.org:9092.")
        }
        let setting = try ProfileSetting(name: text[..<equals])
        guard !setting.isSecret else {
            throw OptionError(
                "\(setting.rawValue) is a secret, which other users would see: give --secret \(setting.rawValue), and the "
                    + "value on standard input."
            )
        }
        return (setting, String(text[text.index(after: equals)...]))
    }
}
