internal import Text

/// How bytes of a record are printed: rpk's modifiers.
package enum TextFormat: String, CaseIterable, Sendable {
    case raw
    case hex
    case base64
    /// Without the padding.
    case base64raw

    func write(_ text: some Collection<UInt8>, to bytes: inout [UInt8]) {
        switch self {
        case .raw: bytes.append(contentsOf: text)
        case .hex: bytes.append(contentsOf: Hex.text(text).utf8)
        case .base64, .base64raw:
            let encoded = Self.base64(Array(text))
            bytes.append(contentsOf: self == .base64 ? encoded : encoded.filter { $0 != UInt8(ascii: "=") })
        }
    }

    private static func base64(_ source: [UInt8]) -> [UInt8] {
        let count = Base64.encodedCount(of: source.count)
        return [UInt8](unsafeUninitializedCapacity: count) { target, written in
            written = source.withUnsafeBytes { Base64.encode($0, into: UnsafeMutableRawBufferPointer(target)) }
        }
    }
}
