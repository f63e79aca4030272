/// Takes secrets out of configuration that is given to others.
package enum SecretFilter {
    private static let words = ["password", "passwd", "secret", "token", "credential", "jaas", "private"]
    private static let replacement = "(secret)"

    /// Whether a setting's name is that of a secret. `*.location` and `*-file` name files, which are not given away.
    package static func isSecret(_ name: some StringProtocol) -> Bool {
        let name = name.lowercased()
        guard !name.hasSuffix("location"), !name.hasSuffix("file"), !name.hasSuffix("ms") else { return false }
        return Self.words.contains { name.contains($0) } || name.hasSuffix("key")
    }

    /// Lines `name = value`, `name: value` and `NAME=value` with the values of secrets replaced, and the blocks of PEM
    /// left out. Other lines stay as they are.
    package static func filtered(_ text: String) -> String {
        var isInKey = false
        var result: [Substring] = []
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            if line.contains("-----BEGIN"), line.contains("PRIVATE") {
                isInKey = true
                result.append("\(Self.replacement)")
            }
            if isInKey {
                if line.contains("-----END") { isInKey = false }
                continue
            }
            guard let separator = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
                result.append(line)
                continue
            }
            let name = line[..<separator].filter { !$0.isWhitespace && $0 != "\"" && $0 != "'" && $0 != "-" }
            let value = line[line.index(after: separator)...]
            // A value that has a name of its own, as sasl.jaas.config and URLs with a password.
            let isNested = Self.words.contains { value.lowercased().contains($0 + "=") }
            if Self.isSecret(name) || isNested, value.contains(where: { !$0.isWhitespace }) {
                result.append(line[...separator] + " \(Self.replacement)")
            } else {
                result.append(line)
            }
        }
        return result.joined(separator: "\n")
    }
}
