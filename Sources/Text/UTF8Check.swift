/// Validation of UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF.
public enum UTF8Check {
    /// The length of the well-formed sequence that begins at `index`, or `nil`.
    @inlinable
    public static func sequenceLength(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int? {
        let first = bytes[index]
        if first < 0x80 { return 1 }
        let left = bytes.count - index
        func isContinuation(_ offset: Int) -> Bool { bytes[index + offset] & 0xC0 == 0x80 }
        switch first {
        case 0xC2...0xDF:
            return left > 1 && isContinuation(1) ? 2 : nil
        case 0xE0...0xEF:
            guard left > 2, isContinuation(1), isContinuation(2) else { return nil }
            let second = bytes[index + 1]
            if first == 0xE0, second < 0xA0 { return nil }
            if first == 0xED, second > 0x9F { return nil }
            return 3
        case 0xF0...0xF4:
            guard left > 3, isContinuation(1), isContinuation(2), isContinuation(3) else { return nil }
            let second = bytes[index + 1]
            if first == 0xF0, second < 0x90 { return nil }
            if first == 0xF4, second > 0x8F { return nil }
            return 4
        default:
            return nil
        }
    }

    /// Whether all bytes are below 0x80.
    @inlinable
    public static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        var all: UInt64 = 0
        while bytes.count - index >= 8 {
            all |= bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < bytes.count {
            all |= UInt64(bytes[index])
            index += 1
        }
        return all & 0x8080_8080_8080_8080 == 0
    }

    /// The number of Unicode code points, or `nil` when the bytes are not UTF-8.
    @inlinable
    public static func scalarCount(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var index = 0
        var count = 0
        while index < bytes.count {
            guard let length = Self.sequenceLength(bytes, at: index) else { return nil }
            index += length
            count += 1
        }
        return count
    }
}
