/// Why a stored secret cannot be read, or the keys that it is sealed under. Names files and key IDs, and never a key.
package struct SecretsFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// The secret is sealed under a key that is not at hand: the key file is lost, or another one's.
        case unknownKey
        /// What is stored is not what was sealed.
        case damaged
        /// The keys themselves cannot be read or written.
        case keys
    }

    package var kind: Kind
    package var description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
