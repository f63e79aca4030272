internal import Text

/// How a number of a record is printed: rpk's modifiers.
package enum NumberFormat: String, CaseIterable, Sendable {
    case ascii
    case hex64
    case hex32
    case hex16
    case hex8
    case hex4
    case big64
    case big32
    case big16
    case big8
    case little64
    case little32
    case little16
    case little8
    case byte
    case bool

    /// Numbers that are too large for it lose their upper bits.
    package func write(_ number: Int64, to bytes: inout [UInt8]) {
        switch self {
        case .ascii: bytes.append(contentsOf: String(number).utf8)
        case .hex64: Self.hex(number, digits: 16, to: &bytes)
        case .hex32: Self.hex(number, digits: 8, to: &bytes)
        case .hex16: Self.hex(number, digits: 4, to: &bytes)
        case .hex8: Self.hex(number, digits: 2, to: &bytes)
        case .hex4: Self.hex(number, digits: 1, to: &bytes)
        case .big64: Self.big(number, count: 8, to: &bytes)
        case .big32: Self.big(number, count: 4, to: &bytes)
        case .big16: Self.big(number, count: 2, to: &bytes)
        case .little64: withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        case .little32: withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0.prefix(4)) }
        case .little16: withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0.prefix(2)) }
        case .big8, .little8, .byte: bytes.append(UInt8(truncatingIfNeeded: number))
        case .bool: bytes.append(contentsOf: (number == 0 ? "false" : "true").utf8)
        }
    }

    private static func hex(_ number: Int64, digits: Int, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: Hex.text(UInt64(bitPattern: number)).utf8.suffix(digits))
    }

    private static func big(_ number: Int64, count: Int, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0.suffix(count)) }
    }
}
