internal import ArgumentParser
internal import CommandCore
internal import FoundationEssentials
internal import Synchronization

/// `-P`: where a command's server is, and who asks.
struct ProfileOptions: ParsableArguments {
    @Option(
        name: [.customShort("P"), .long],
        help: ArgumentHelp(
            "The profile that says where the server is. (default: $MILLRACE_PROFILE, else that of `millrace profile use`)",
            valueName: "name"
        ),
        completion: .shellCommand("millrace profile list -o name 2>/dev/null")
    )
    var profile: String?

    /// The library calls this before the command runs.
    func validate() throws {
        do {
            try ActiveProfile.activate(self.profile)
        } catch let error as OptionError {
            throw ValidationError(error.description)
        } catch let error as Failure {
            throw ValidationError(error.description)
        }
    }
}

/// The profile whose settings stand in for environment variables that are not set.
enum ActiveProfile {
    private struct State {
        var settings: [String: String] = [:]
        /// Named on the command line, so that it comes before the environment.
        var isExplicit = false
    }

    private static let state = Mutex(State())

    /// - Parameter name: of the command line.
    /// - Throws: `OptionError`, `Failure`.
    static func activate(_ name: String?) throws {
        var variable: String?
        if name == nil, let value = ProcessInfo.processInfo.environment["MILLRACE_PROFILE"], !value.isEmpty {
            variable = value
        }
        let book = try ProfileFile.standard.read()
        guard let chosen = name ?? variable ?? book.current else { return }
        let profile = try book.existing(chosen)
        let settings = Dictionary(profile.map { ($0.key.variable, $0.value) }, uniquingKeysWith: { $1 })
        self.state.withLock { $0 = State(settings: settings, isExplicit: name != nil) }
    }

    /// The value that stands for a variable of the environment.
    static func value(_ variable: String, environment: String?) -> String? {
        self.state.withLock { state in
            state.isExplicit ? state.settings[variable] ?? environment : environment ?? state.settings[variable]
        }
    }
}
