internal import Broker
internal import Metadata

/// Who may connect and who may do what on the admin port, as it is configured.
struct SecurityConfiguration: Sendable {
    /// One source of these settings, by the names of the options.
    struct Layer: Sendable {
        static let names = [
            "require-authentication", "secrets-key-file", "kinesis-auth", "admin-role", "admin-hosts",
            "admin-remote-changes", "admin-metrics-login", "admin-anonymous",
        ]

        var values: [String: String] = [:]

        init() {}

        /// `MILLRACE_SECRETS_KEY_FILE` for `secrets-key-file` and so on.
        init(environment: [String: String]) {
            for name in Self.names {
                self.values[name] = environment["MILLRACE_" + name.uppercased().replacing("-", with: "_")]
            }
        }
    }

    var requiresAuthentication = false
    /// `nil`: in the data directory.
    var secretsKeyFile: String?
    var kinesis = AccessKeyStore.Requirement.fromFirstKey
    var roles: [String: AdminRole] = [:]
    /// In lower case.
    var adminHosts: Set<String> = []
    var allowsRemoteChanges = false
    var guardsMetrics = false
    var anonymousRole: AdminRole? = .viewerWithoutRecords

    init(_ layers: [Layer]) throws(Failure) {
        func value(_ name: String) -> String? { layers.lazy.compactMap { $0.values[name] }.first }
        self.requiresAuthentication = try Self.isOn(value("require-authentication"), "--require-authentication")
        self.secretsKeyFile = value("secrets-key-file")
        self.kinesis = try Self.requirement(value("kinesis-auth") ?? "auto")
        self.roles = try value("admin-role").map(Self.roles) ?? [:]
        self.adminHosts = Set(
            (value("admin-hosts") ?? "").split(separator: ",").map { String($0).lowercased().filter { $0 != " " } }
        )
        self.allowsRemoteChanges = try Self.isOn(value("admin-remote-changes"), "--admin-remote-changes")
        self.guardsMetrics = try Self.isOn(value("admin-metrics-login"), "--admin-metrics-login")
        switch value("admin-anonymous") ?? AdminRole.viewerWithoutRecords.rawValue {
        case "none": self.anonymousRole = nil
        case AdminRole.viewerWithoutRecords.rawValue: self.anonymousRole = .viewerWithoutRecords
        case let text: throw Failure("--admin-anonymous is viewer-without-records or none, not \(text)")
        }
        if self.requiresAuthentication { self.anonymousRole = nil }
    }

    private static func isOn(_ text: String?, _ option: String) throws(Failure) -> Bool {
        switch text {
        case nil, "off", "false", "0", "": false
        case "on", "true", "1": true
        case let text?: throw Failure("\(option) is on or off, not \(text)")
        }
    }

    private static func requirement(_ text: String) throws(Failure) -> AccessKeyStore.Requirement {
        switch text {
        case "required": .always
        case "off": .never
        case "auto": .fromFirstKey
        default: throw Failure("--kinesis-auth is required, off or auto, not \(text)")
        }
    }

    private static func roles(_ text: String) throws(Failure) -> [String: AdminRole] {
        var roles: [String: AdminRole] = [:]
        for part in text.split(separator: ",") {
            guard let equals = part.lastIndex(of: "="), let user = UserName.parse(String(part[..<equals])),
                let role = AdminRole(rawValue: String(part[part.index(after: equals)...]))
            else {
                throw Failure("--admin-role takes USER=ROLE, where ROLE is one of \(AdminRole.names), not \(part)")
            }
            roles[user] = role
        }
        return roles
    }
}
