/// What may name a user: the name of a principal `User:NAME`.
package enum UserName {
    package static let bytesMax = 256

    /// `alice` of `alice` or `User:alice`; `nil` when it names no user.
    package static func parse(_ text: String) -> String? {
        let name = text.hasPrefix("User:") ? String(text.dropFirst(5)) : text
        return Self.isValid(name) ? name : nil
    }

    package static func isValid(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= Self.bytesMax && name != "*" && name != "ANONYMOUS"
            && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }
}
