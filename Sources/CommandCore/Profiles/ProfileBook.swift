/// The profiles of a user, and which one is used.
package struct ProfileBook: Equatable, Sendable {
    package typealias Profile = [ProfileSetting: String]

    package private(set) var profiles: [String: Profile] = [:]
    /// Always one of `profiles`.
    package private(set) var current: String?

    package init() {}

    /// - Parameter entries: of the file: names to settings by name.
    package init(entries: [String: [String: String]], current: String?) throws(OptionError) {
        for (name, settings) in entries {
            try Self.check(name: name)
            var profile: Profile = [:]
            for (key, value) in settings { profile[try ProfileSetting(name: key)] = value }
            self.profiles[name] = profile
        }
        if let current { try self.use(current) }
    }

    package var names: [String] { self.profiles.keys.sorted() }

    /// Whether the file must not be readable by others.
    package var hasSecrets: Bool {
        self.profiles.values.contains { $0.keys.contains(where: \.isSecret) }
    }

    package subscript(name: String) -> Profile? { self.profiles[name] }

    /// The first profile is used from then on.
    ///
    /// - Parameter replaces: whether a profile of this name may be there.
    package mutating func add(_ name: String, _ profile: Profile, replaces: Bool = false) throws(OptionError) {
        try Self.check(name: name)
        guard replaces || self.profiles[name] == nil else {
            throw OptionError("Profile \(name) is there already; see `millrace profile show \(name)`.")
        }
        self.profiles[name] = profile
        if self.current == nil { self.current = name }
    }

    package mutating func use(_ name: String) throws(OptionError) {
        _ = try self.existing(name)
        self.current = name
    }

    package mutating func remove(_ name: String) throws(OptionError) {
        _ = try self.existing(name)
        self.profiles[name] = nil
        if self.current == name { self.current = nil }
    }

    /// - Parameter changes: new values; `nil` takes a setting away.
    package mutating func change(_ name: String, _ changes: [ProfileSetting: String?]) throws(OptionError) {
        var profile = try self.existing(name)
        for (setting, value) in changes { profile[setting] = value }
        self.profiles[name] = profile
    }

    package func existing(_ name: String) throws(OptionError) -> Profile {
        guard let profile = self.profiles[name] else {
            let known = self.names.isEmpty ? "there are none yet" : "there are \(self.names.joined(separator: ", "))"
            throw OptionError("There is no profile \(name); \(known).")
        }
        return profile
    }

    private static func check(name: String) throws(OptionError) {
        guard !name.isEmpty, name.count <= 100,
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._-@".contains($0)) })
        else { throw OptionError("'\(name)' cannot name a profile: letters, digits, '.', '_', '-' and '@' can.") }
    }

    /// A profile for people, in the order of the settings, without secrets.
    package static func lines(_ profile: Profile) -> [(name: String, value: String)] {
        ProfileSetting.allCases.compactMap { setting in
            profile[setting].map { (setting.rawValue, setting.isSecret ? "(secret)" : $0) }
        }
    }
}
