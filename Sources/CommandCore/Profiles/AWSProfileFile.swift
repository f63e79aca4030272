/// The files `~/.aws/credentials` and `~/.aws/config`.
package enum AWSProfileFile {
    /// Profiles by name, of a file with sections `[NAME]` or `[profile NAME]` and lines `name = value`.
    ///
    /// Settings that a profile of ours has no place for, such as `role_arn`, are left out.
    package static func parse(_ text: String) throws(OptionError) -> [String: ProfileBook.Profile] {
        var profiles: [String: ProfileBook.Profile] = [:]
        var section: String?
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            // An indented line belongs to the setting before it, as with `s3 =`.
            if line.first == " " || line.first == "\t" { continue }
            let trimmed = Self.trimmed(line)
            if trimmed.isEmpty || trimmed.hasPrefix("#") || trimmed.hasPrefix(";") { continue }
            if trimmed.hasPrefix("[") {
                guard trimmed.hasSuffix("]") else {
                    throw OptionError("line \(index + 1): the section has no closing bracket")
                }
                let words = trimmed.dropFirst().dropLast().split(separator: " ", maxSplits: 1)
                switch (words.count, words.first) {
                case (1, let name?): section = String(name)
                case (2, "profile"?): section = String(Self.trimmed(words[1]))
                // `[sso-session NAME]`, `[services NAME]`.
                default: section = nil
                }
                continue
            }
            guard let section, let equals = trimmed.firstIndex(of: "=") else { continue }
            let name = Self.trimmed(trimmed[..<equals]).lowercased()
            let value = String(Self.trimmed(trimmed[trimmed.index(after: equals)...]))
            let setting: ProfileSetting? =
                switch name {
                case "aws_access_key_id": .awsAccessKeyID
                case "aws_secret_access_key": .awsSecretAccessKey
                case "aws_session_token": .awsSessionToken
                case "region": .awsRegion
                case "endpoint_url": .endpoint
                default: nil
                }
            if let setting { profiles[section, default: [:]][setting] = value }
        }
        // A profile with a region alone reads from the region's endpoint.
        for (name, profile) in profiles where profile[.endpoint] == nil {
            if let region = profile[.awsRegion] {
                profiles[name]?[.endpoint] = "https://kinesis.\(region).amazonaws.com"
            }
        }
        return profiles
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
