/// Access keys in the form of AWS's credentials file:
///
/// ```ini
/// [profile]
/// aws_access_key_id = AKIAIOSFODNN7EXAMPLE
/// aws_secret_access_key = …
/// aws_session_token = …          # of temporary credentials
/// millrace_user = alice          # whose requests they are; without it the access key ID is the user
/// ```
///
/// Lines that begin with `#` or `;` are comments; other settings of a profile are passed over.
package enum CredentialsFile {
    /// Why a file cannot be used. Names lines and profiles, and never a secret.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        package var description: String
    }

    private struct Profile {
        var name: String
        var accessKeyID: String?
        var secretAccessKey: String?
        var sessionToken: String?
        var user: String?
    }

    /// - Returns: one for each profile, at least one.
    package static func parse(_ text: String) throws(Failure) -> [RequestSigner.Keys] {
        try Self.parseWithUsers(text).map(\.keys)
    }

    /// - Returns: one for each profile, at least one, with the user that it names.
    package static func parseWithUsers(
        _ text: String
    ) throws(Failure) -> [(keys: RequestSigner.Keys, user: String?)] {
        var profiles: [Profile] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = Self.trimmed(line)
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[" {
                guard line.last == "]" else { throw Failure(description: "line \(index + 1): a profile ends with ]") }
                profiles.append(Profile(name: String(Self.trimmed(line.dropFirst().dropLast()))))
                continue
            }
            guard let equals = line.firstIndex(of: "=") else {
                throw Failure(description: "line \(index + 1) is neither [profile] nor NAME = VALUE")
            }
            guard !profiles.isEmpty else { throw Failure(description: "line \(index + 1) comes before any [profile]") }
            let value = String(Self.trimmed(line[line.index(after: equals)...]))
            switch Self.trimmed(line[..<equals]).lowercased() {
            case "aws_access_key_id": profiles[profiles.count - 1].accessKeyID = value
            case "aws_secret_access_key": profiles[profiles.count - 1].secretAccessKey = value
            case "aws_session_token": profiles[profiles.count - 1].sessionToken = value
            case "millrace_user": profiles[profiles.count - 1].user = value.isEmpty ? nil : value
            default: break
            }
        }
        guard !profiles.isEmpty else { throw Failure(description: "it has no [profile]") }
        var keys: [(keys: RequestSigner.Keys, user: String?)] = []
        for profile in profiles {
            guard let id = profile.accessKeyID, !id.isEmpty, let secret = profile.secretAccessKey, !secret.isEmpty
            else {
                throw Failure(
                    description: "profile \(profile.name) needs aws_access_key_id and aws_secret_access_key"
                )
            }
            guard !keys.contains(where: { $0.keys.accessKeyID == id }) else {
                throw Failure(description: "profile \(profile.name) has the access key ID of another one")
            }
            let profileKeys = RequestSigner.Keys(
                accessKeyID: id,
                secretAccessKey: secret,
                sessionToken: profile.sessionToken
            )
            keys.append((profileKeys, profile.user))
        }
        return keys
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
