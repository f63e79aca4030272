internal import ArgumentParser
internal import CommandCore
internal import FoundationEssentials
internal import Yams

extension ProfileCommand {
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make profiles of what other tools keep.",
            discussion: """
                rpk: all profiles of an rpk.yaml. aws: all sections of ~/.aws/credentials or ~/.aws/config. kcat and \
                java.properties: one profile of a file of librdkafka's or Kafka's client properties; it is named after \
                the file unless --name is given.

                Examples:
                  millrace profile import rpk ~/.config/rpk/rpk.yaml
                  millrace profile import kcat ~/.config/kcat.conf --name staging
                  millrace profile import aws ~/.aws/credentials
                """
        )

        enum Source: String, ExpressibleByArgument, CaseIterable {
            case rpk
            case kcat
            case javaProperties = "java.properties"
            case aws
        }

        @OptionGroup var output: OutputOptions

        @Argument(help: "Whose file it is: rpk, kcat, java.properties or aws.")
        var source: Source

        @Argument(help: "The file.", completion: .file())
        var file: String

        @Option(help: "The profile's name, where the file has one profile.")
        var name: String?

        @Flag(help: "Replace profiles of the same names.")
        var overwrite = false

        func run() async throws {
            try await Reporting.run {
                let profiles = try self.read()
                guard !profiles.isEmpty else {
                    throw Failure("\(self.file) has nothing that a profile could be made of")
                }
                if let name, profiles.count > 1 {
                    throw Failure("\(self.file) has \(profiles.count) profiles: they cannot all be \(name)")
                }
                try ProfileCommand.changing { book in
                    for (name, profile) in profiles.sorted(by: { $0.key < $1.key }) {
                        try book.add(self.name ?? name, profile, replaces: self.overwrite)
                    }
                }
                for name in profiles.keys.sorted() { try self.output.confirm("imported", "profile", self.name ?? name) }
            }
        }

        private func read() throws -> [String: ProfileBook.Profile] {
            switch self.source {
            case .kcat, .javaProperties:
                return [self.nameOfFile: ProfileBook.Profile(try ClientProperties(file: self.file))]
            case .aws, .rpk:
                guard let data = FileManager.default.contents(atPath: self.file),
                    let text = String(validating: data, as: UTF8.self)
                else { throw Failure("cannot read \(self.file)") }
                do {
                    return self.source == .aws ? try AWSProfileFile.parse(text) : try RpkFile.profiles(text)
                } catch {
                    throw Failure("\(self.file): \(error)")
                }
            }
        }

        /// Without its folder and its ending.
        private var nameOfFile: String {
            let last = self.file.split(separator: "/").last.map(String.init) ?? self.file
            return last.split(separator: ".").first.map(String.init) ?? "imported"
        }
    }
}

extension ProfileBook.Profile {
    fileprivate init(_ properties: ClientProperties) {
        self = [:]
        self[.bootstrap] = properties.bootstrap
        if properties.hasTLS { self[.tls] = "true" }
        self[.user] = properties.user
        self[.password] = properties.password
        self[.saslMechanism] = properties.mechanism
        self[.caFile] = properties.authorities
        self[.certFile] = properties.certificate
        self[.keyFile] = properties.key
    }
}

/// `rpk.yaml`: what of it a profile can have.
private struct RpkFile: Decodable {
    struct TLS: Decodable {
        var ca_file: String?
        var truststore_file: String?
        var cert_file: String?
        var key_file: String?
    }

    struct SASL: Decodable {
        var user: String?
        var password: String?
        var mechanism: String?
    }

    struct KafkaAPI: Decodable {
        var brokers: [String]?
        var tls: TLS?
        var sasl: SASL?
    }

    struct Profile: Decodable {
        var name: String
        var kafka_api: KafkaAPI?
    }

    var profiles: [Profile]?

    static func profiles(_ text: String) throws -> [String: ProfileBook.Profile] {
        let file = try YAMLDecoder().decode(RpkFile.self, from: text)
        var result: [String: ProfileBook.Profile] = [:]
        for profile in file.profiles ?? [] {
            guard let kafka = profile.kafka_api else { continue }
            var settings: ProfileBook.Profile = [:]
            settings[.bootstrap] = kafka.brokers.map { $0.joined(separator: ",") }
            if let tls = kafka.tls {
                settings[.tls] = "true"
                settings[.caFile] = tls.ca_file ?? tls.truststore_file
                settings[.certFile] = tls.cert_file
                settings[.keyFile] = tls.key_file
            }
            settings[.user] = kafka.sasl?.user
            settings[.password] = kafka.sasl?.password
            settings[.saslMechanism] = kafka.sasl?.mechanism
            result[profile.name] = settings
        }
        return result
    }
}
