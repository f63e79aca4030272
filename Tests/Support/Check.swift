package import Testing

/// `#expect` for expressions with values that cannot be copied, which the macro would copy to show them.
package func check(
    _ condition: Bool,
    _ comment: @autoclosure () -> Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(condition, comment(), sourceLocation: sourceLocation)
}
