package import AccessControl
internal import Model

extension BrokerConfigs {
    /// What the properties say about who may do what; `nil` without an authorizer.
    ///
    /// Throws `.invalidValue` when a super user cannot be read.
    package func access() throws(ConfigError) -> ACLSnapshot.Settings? {
        guard !["", "false"].contains(self.string("authorizer.class.name") ?? "") else { return nil }
        var settings = ACLSnapshot.Settings()
        settings.allowsEveryoneWithoutACL = self.bool("allow.everyone.if.no.acl.found")
        for text in (self.string("super.users") ?? "").split(separator: ";") {
            let name = ConfigText.trimmed(String(text))
            if name.isEmpty { continue }
            guard let principal = Principal(parsing: name) else {
                throw ConfigError(
                    .invalidValue,
                    "super.users",
                    "super.users: expected a string in format principalType:principalName but got \(name)"
                )
            }
            settings.superUsers.insert(principal)
        }
        return settings
    }
}
