/// Stored bytes that are not what this engine writes, or were damaged.
package struct ObjectCodingError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The bytes end too early.
        case truncated
        /// A checksum, a magic number or a number that contradicts another.
        case damaged
        /// Written by newer software.
        case newerFormat
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }

    static func damaged(_ message: String) -> ObjectCodingError { ObjectCodingError(.damaged, message) }
    static let truncated = ObjectCodingError(.truncated, "The stored bytes end too early.")
}
