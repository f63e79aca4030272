internal import ArgumentParser

/// What this build is.
enum Version {
    static let number = "0.1.0"
    static let text = "millrace \(Self.number)"
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() {
        print(Version.text)
    }
}
