/// The first bytes of a data item of CBOR (RFC 8949): what kind it is, and a number.
struct CBORHead {
    enum Kind: UInt8 {
        case unsigned = 0
        /// Of −1 − `argument`.
        case negative = 1
        case bytes = 2
        case text = 3
        case list = 4
        case map = 5
        case tag = 6
        /// A float, a boolean, null or the end of an indefinite item.
        case simple = 7
    }

    var kind: Kind
    /// The number, length, count or bits.
    var argument: UInt64
    /// Pieces or elements follow until a break.
    var isIndefinite: Bool
    /// Bytes of the argument, which tell the width of a float.
    var argumentBytes: Int

    /// Reads a head at `index`; `nil` when the bytes end within it or no item begins so.
    static func read(_ bytes: UnsafeRawBufferPointer, at index: inout Int) -> CBORHead? {
        guard index < bytes.count else { return nil }
        let first = bytes[index]
        guard let kind = Kind(rawValue: first >> 5) else { return nil }
        let info = first & 0x1F
        switch info {
        case 0..<24:
            index += 1
            return CBORHead(kind: kind, argument: UInt64(info), isIndefinite: false, argumentBytes: 0)
        case 24...27:
            let count = 1 << Int(info - 24)
            guard bytes.count - index > count else { return nil }
            var argument: UInt64 = 0
            for byte in bytes[(index + 1)...(index + count)] { argument = argument << 8 | UInt64(byte) }
            index += 1 + count
            return CBORHead(kind: kind, argument: argument, isIndefinite: false, argumentBytes: count)
        case 31:
            switch kind {
            case .bytes, .text, .list, .map, .simple: break
            case .unsigned, .negative, .tag: return nil
            }
            index += 1
            return CBORHead(kind: kind, argument: 0, isIndefinite: true, argumentBytes: 0)
        default: return nil
        }
    }

    /// A break, which ends an indefinite item.
    var isBreak: Bool { self.kind == .simple && self.isIndefinite }

    /// Null, or undefined, which is as absent.
    var isNull: Bool {
        self.kind == .simple && !self.isIndefinite && self.argumentBytes == 0
            && (self.argument == 22 || self.argument == 23)
    }

    var boolean: Bool? {
        guard self.kind == .simple, !self.isIndefinite, self.argumentBytes == 0 else { return nil }
        return self.argument == 21 ? true : self.argument == 20 ? false : nil
    }

    /// A number of any kind, rounded towards minus infinity and clamped to 64 bits.
    var roundedDown: Int64? {
        switch self.kind {
        case .unsigned: Int64(clamping: self.argument)
        case .negative: self.argument > UInt64(Int64.max) ? .min : -1 - Int64(self.argument)
        case .simple: self.float.map { Self.clamped($0.rounded(.down)) }
        case .bytes, .text, .list, .map, .tag: nil
        }
    }

    /// The same with the fraction cut off.
    var truncated: Int64? {
        self.kind == .simple ? self.float.map { Self.clamped($0.rounded(.towardZero)) } : self.roundedDown
    }

    private var float: Double? {
        switch self.argumentBytes {
        case 2: Double(Self.half(UInt16(truncatingIfNeeded: self.argument)))
        case 4: Double(Float(bitPattern: UInt32(truncatingIfNeeded: self.argument)))
        case 8: Double(bitPattern: self.argument)
        default: nil
        }
    }

    /// IEEE 754 half precision, which not every processor has a type for.
    private static func half(_ bits: UInt16) -> Float {
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Float(bits & 0x3FF)
        let magnitude: Float =
            switch exponent {
            case 0: fraction * 0x1p-24
            case 31: fraction == 0 ? .infinity : .nan
            default: Float(sign: .plus, exponent: exponent - 25, significand: fraction + 1024)
            }
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }

    private static func clamped(_ value: Double) -> Int64 {
        if value.isNaN { return 0 }
        if value >= 0x1p63 { return .max }
        if value < -0x1p63 { return .min }
        return Int64(value)
    }

    /// As AWS names the type in its messages.
    var javaType: StaticString {
        switch self.kind {
        case .unsigned, .negative: "java.lang.Long"
        case .bytes: "java.nio.ByteBuffer"
        case .text: "java.lang.String"
        case .simple: self.boolean == nil ? "java.lang.Double" : "java.lang.Boolean"
        case .list, .map, .tag: "java.lang.Object"
        }
    }
}
