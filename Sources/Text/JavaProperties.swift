/// The format of `.properties` files, as `java.util.Properties` reads it: a name and a value on a line, with `\` for
/// escapes and for lines that continue.
package enum JavaProperties {
    /// A line that Java refuses.
    package struct Failure: Error, Equatable {
        /// From 1 on: where the logical line begins.
        package var line: Int
        package var reason: String
    }

    /// - Parameter bytes: UTF-8, or else Latin-1, which is Java's own.
    /// - Returns: in the order of the file; a name that is set twice is there twice.
    package static func parse(_ bytes: [UInt8]) throws(Failure) -> [(name: String, value: String)] {
        let text =
            String(validating: bytes, as: UTF8.self)
            ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        var properties: [(name: String, value: String)] = []
        for line in Self.logicalLines(text) { properties.append(try Self.property(line)) }
        return properties
    }

    private struct Line {
        var number: Int
        var scalars: [Unicode.Scalar] = []
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || scalar == "\u{C}"
    }

    /// Lines with their continuations, without comments, blank lines and what is blank before a name.
    private static func logicalLines(_ text: String) -> [Line] {
        var lines: [Line] = []
        var current: Line?
        let all = text.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r" }
        var number = 0
        var isAfterReturn = false
        var position = text.unicodeScalars.startIndex
        for natural in all {
            // A return and the line feed after it end one line.
            let isHalf =
                isAfterReturn && natural.isEmpty && position < text.unicodeScalars.endIndex
                && text.unicodeScalars[position] == "\n"
            position = natural.endIndex
            isAfterReturn = position < text.unicodeScalars.endIndex && text.unicodeScalars[position] == "\r"
            if position < text.unicodeScalars.endIndex { position = text.unicodeScalars.index(after: position) }
            if isHalf { continue }
            number += 1
            let content = natural.drop(while: Self.isBlank)
            if current == nil, content.isEmpty || content.first == "#" || content.first == "!" { continue }
            var line = current ?? Line(number: number)
            let backslashes = content.reversed().prefix { $0 == "\\" }.count
            let isContinued = backslashes % 2 == 1
            line.scalars += isContinued ? content.dropLast() : content
            current = isContinued ? line : nil
            if !isContinued { lines.append(line) }
        }
        // The file ends in a line that was to continue.
        if let current, !current.scalars.isEmpty { lines.append(current) }
        return lines
    }

    private static func property(_ line: Line) throws(Failure) -> (name: String, value: String) {
        var end = 0
        while end < line.scalars.count {
            let scalar = line.scalars[end]
            if scalar == "\\" {
                end += 2
                continue
            }
            if scalar == "=" || scalar == ":" || Self.isBlank(scalar) { break }
            end += 1
        }
        end = min(end, line.scalars.count)
        var rest = line.scalars[end...].drop(while: Self.isBlank)
        if rest.first == "=" || rest.first == ":" { rest = rest.dropFirst().drop(while: Self.isBlank) }
        return (try Self.unescaped(line.scalars[..<end], line), try Self.unescaped(rest, line))
    }

    private static func unescaped(_ scalars: ArraySlice<Unicode.Scalar>, _ line: Line) throws(Failure) -> String {
        var units: [UInt16] = []
        var position = scalars.startIndex
        while position < scalars.endIndex {
            var scalar = scalars[position]
            position += 1
            if scalar == "\\", position < scalars.endIndex {
                scalar = scalars[position]
                position += 1
                switch scalar {
                case "t": scalar = "\t"
                case "n": scalar = "\n"
                case "r": scalar = "\r"
                case "f": scalar = "\u{C}"
                case "u":
                    let digits = scalars[position...].prefix(4)
                    let text = String(String.UnicodeScalarView(digits))
                    guard digits.count == 4, text.allSatisfy(\.isHexDigit), let unit = UInt16(text, radix: 16) else {
                        throw Failure(line: line.number, reason: "malformed \\uxxxx encoding")
                    }
                    position += 4
                    units.append(unit)
                    continue
                default: break
                }
            }
            units += Array(String(scalar).utf16)
        }
        return String(decoding: units, as: UTF16.self)
    }
}
