/// Why bytes are not a message of the version that they claim to be, and where.
///
/// Only the peer can cause one: encoding never throws. Setting a field that the version lacks is a programmer's
/// error and traps.
package struct WireError: Error, Sendable, Equatable {
    package enum Code: Sendable, Equatable {
        /// The bytes end before the value does; `value` is how many the value needs.
        case truncated
        /// A length or count below zero that is not the null mark; `value` is that length.
        case negativeLength
        /// A string longer than 32,767 bytes, or a count that the remaining bytes cannot hold.
        case lengthTooLarge
        /// Null where the version allows none.
        case unexpectedNull
        /// A variable-length integer with more bits than its type.
        case varintOverflow
        /// A tagged field whose declared size is not what its value takes.
        case taggedFieldSize
        /// An API key that this server does not know; `value` is the key.
        case unknownAPI
        /// A version outside the schema's range; `value` is the version.
        case unsupportedVersion
        /// Bytes after the end of the message; `value` is their number.
        case trailingBytes
    }

    package var code: Code
    /// The reader index of the buffer at the failure.
    package var position: Int
    /// The offending number; its meaning is the code's.
    package var value: Int64

    package init(_ code: Code, position: Int, value: Int64 = 0) {
        self.code = code
        self.position = position
        self.value = value
    }
}

extension WireError: CustomStringConvertible {
    package var description: String { "\(self.code) at byte \(self.position) (\(self.value))" }
}

/// Stops the process because a message holds a value that the version cannot carry. Sending the message without
/// it would change its meaning, so this is our bug and never the peer's.
@inline(never)
package func unencodableField(_ field: StaticString, version: Int16) -> Never {
    preconditionFailure("\(field) cannot be sent in version \(version)")
}
