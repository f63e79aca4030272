/// Splits a JSON list into its elements, each on a line.
package enum JSONLines {
    /// - Parameter document: JSON on one line, as `JSONLine` writes it, so that a line feed is never within.
    /// - Returns: the elements of a list; another document as it is.
    package static func split(_ document: [UInt8]) -> [UInt8] {
        guard document.first == UInt8(ascii: "[") else { return document }
        var result: [UInt8] = []
        result.reserveCapacity(document.count)
        var depth = 0
        var isInString = false
        var isEscaped = false
        for byte in document {
            if isInString {
                result.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
                result.append(byte)
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if depth > 0 { result.append(byte) }
                depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth > 0 { result.append(byte) }
            case UInt8(ascii: ",") where depth == 1: result.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "\n"): break
            default: result.append(byte)
            }
        }
        if !result.isEmpty { result.append(UInt8(ascii: "\n")) }
        return result
    }
}
