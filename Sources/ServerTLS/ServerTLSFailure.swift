/// Why a port cannot serve TLS as it is configured: one sentence that names the property or the file and, where there
/// is one, the next step. Nothing secret is in it.
package struct ServerTLSFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
