/// A value on the command line, or in a file that it names, that cannot be used. The description is one sentence that
/// says what was given and what is taken.
package struct OptionError: Error, Equatable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
