internal import ArgumentParser

/// The options of `serve` about who may connect and who may do what on the admin port.
struct SecurityOptions: ParsableArguments {
    @Flag(help: "Refuse to start unless every listener asks clients who they are.")
    var requireAuthentication = false

    @Option(
        help:
            "The file with the key that stored secrets are sealed under; made at first use. MILLRACE_SECRETS_KEY holds the key itself instead. (default: DATA-DIR/secrets.key)",
        completion: .file()
    )
    var secretsKeyFile: String?

    @Option(
        help:
            "Whether requests to the Kinesis port have to be signed by an access key: required, off, or auto, which is from the first access key on. (default: auto)"
    )
    var kinesisAuth: String?

    @Option(
        help:
            "Roles on the admin port: USER=ROLE, several with commas between them; a role is viewer-without-records, viewer, operator or admin."
    )
    var adminRole: String?

    @Option(help: "Names under which the admin port may be called, beside addresses and localhost, with commas.")
    var adminHosts: String?

    @Flag(help: "Take changes on the admin port from other machines too, from who has logged in.")
    var adminRemoteChanges = false

    @Flag(help: "Ask for a role before /metrics is shown.")
    var adminMetricsLogin = false

    @Option(
        help:
            "What clients on this machine may see on the admin port without a login: viewer-without-records or none. (default: viewer-without-records)"
    )
    var adminAnonymous: String?

    var layer: SecurityConfiguration.Layer {
        var layer = SecurityConfiguration.Layer()
        layer.values["require-authentication"] = self.requireAuthentication ? "on" : nil
        layer.values["secrets-key-file"] = self.secretsKeyFile
        layer.values["kinesis-auth"] = self.kinesisAuth
        layer.values["admin-role"] = self.adminRole
        layer.values["admin-hosts"] = self.adminHosts
        layer.values["admin-remote-changes"] = self.adminRemoteChanges ? "on" : nil
        layer.values["admin-metrics-login"] = self.adminMetricsLogin ? "on" : nil
        layer.values["admin-anonymous"] = self.adminAnonymous
        return layer
    }
}
