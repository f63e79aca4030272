internal import ArgumentParser
internal import Glibc

/// `--yes`: for what cannot be undone.
struct Confirmation: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    /// Asks on a terminal; elsewhere `--yes` must be given.
    ///
    /// - Throws: `Failure` when the answer is not yes.
    func require(_ question: String) throws {
        if self.yes { return }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw Failure("\(question) Nothing was changed: give --yes, or --dry-run to see what would be")
        }
        StandardError.write("\(question) [y/N] ")
        let answer = readLine(strippingNewline: true)?.lowercased()
        guard answer == "y" || answer == "yes" else { throw Failure("nothing was changed") }
    }
}
