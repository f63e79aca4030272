/// A number of bytes as people write it: `1048576`, or with a unit `256MiB`, `256M`, `1GiB`, `1G`. Units are powers of
/// two.
enum ByteSize {
    /// - Parameter option: named in the error.
    static func parse(_ text: String, option: String) throws(Failure) -> Int {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let shift: Int? =
            switch text.dropFirst(digits.count).lowercased() {
            case "", "b": 0
            case "k", "kib": 10
            case "m", "mib": 20
            case "g", "gib": 30
            default: nil
            }
        guard let number = Int(digits), let shift, number <= Int.max >> shift else {
            throw Failure("\(option) takes a size, for example 256MiB or 1GiB, not \(text)")
        }
        return number << shift
    }
}
