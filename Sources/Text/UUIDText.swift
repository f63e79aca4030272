/// The usual notation of UUIDs.
package enum UUIDText {
    /// `8-4-4-4-12` lower-case hexadecimal digits.
    package static func format(high: UInt64, low: UInt64) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 { text.append(UInt8(ascii: "-")) }
            let word = index < 16 ? high : low
            text.append(digits[Int(truncatingIfNeeded: word >> UInt64(60 - 4 * (index % 16))) & 0xF])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
