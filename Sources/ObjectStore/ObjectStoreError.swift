/// Why a call to an object store failed.
package struct ObjectStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// There is no object, upload or bucket of the name.
        case notFound
        /// The name exists (`ifAbsent`).
        case preconditionFailed
        /// The range is not inside the object.
        case rangeNotSatisfiable
        /// The answer ended early, or was of another range.
        case truncated
        /// The store asks for fewer requests.
        case throttled
        /// No answer, or one that says that the store has failed. A write may have been carried out.
        case unavailable
        /// The credentials, or what they permit.
        case denied
        /// The store does not know the call or the condition.
        case notImplemented
        /// The request is wrong.
        case invalid
        /// The client was closed.
        case closed
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }

    /// Whether the same call may succeed later.
    package var isTransient: Bool {
        switch self.code {
        case .truncated, .throttled, .unavailable: true
        case .notFound, .preconditionFailed, .rangeNotSatisfiable, .denied, .notImplemented, .invalid, .closed: false
        }
    }

    /// Whether a write may have been carried out nevertheless, or still may be.
    package var isUndecided: Bool { self.code == .unavailable || self.code == .truncated || self.code == .closed }
}
