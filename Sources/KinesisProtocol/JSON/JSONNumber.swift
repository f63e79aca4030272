/// A number that `JSONReader` has found well formed.
struct JSONNumber {
    private let text: UnsafeRawBufferPointer

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    /// The number times 10^decimals, rounded towards minus infinity, by integer arithmetic; `nil` when it has an
    /// exponent or more digits than fit.
    func exact(decimals: Int) -> Int64? {
        var value: Int64 = 0
        var fractionDigits = -1
        var hasRest = false
        let isNegative = self.text.first == UInt8(ascii: "-")
        for byte in self.text.dropFirst(isNegative ? 1 : 0) {
            if byte == UInt8(ascii: ".") {
                fractionDigits = 0
                continue
            }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            if fractionDigits >= 0 {
                guard fractionDigits < decimals else {
                    hasRest = hasRest || byte != UInt8(ascii: "0")
                    continue
                }
                fractionDigits += 1
            }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            if overflow || carry { return nil }
            value = sum
        }
        for _ in max(fractionDigits, 0)..<max(decimals, 0) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = product
        }
        return isNegative ? -value - (hasRest ? 1 : 0) : value
    }

    /// The number times `scale`, rounded towards minus infinity and clamped to 64 bits.
    func roundedDown(scaledBy scale: Double) -> Int64 {
        // Far more digits than a double tells apart say nothing more.
        guard let value = Double(String(decoding: self.text.prefix(400), as: UTF8.self)) else { return .max }
        let scaled = (value * scale).rounded(.down)
        if scaled >= 0x1p63 { return .max }
        if scaled < -0x1p63 { return .min }
        return Int64(scaled)
    }
}
