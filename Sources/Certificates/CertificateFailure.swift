/// A certificate that could not be made or read.
package struct CertificateFailure: Error, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
