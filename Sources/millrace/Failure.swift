/// A failure as the person at the terminal reads it: what happened and what to do next, in one line.
struct Failure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
