/// Why a text is not a policy, in words for its author.
package struct PolicyRefusal: Error, Hashable, Sendable {
    package var message: String

    init(_ message: String) { self.message = message }
}
