/// Why a load could not be run or did not end well: one line that names the cause and, where there is one, the next
/// step.
package struct LoadFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
