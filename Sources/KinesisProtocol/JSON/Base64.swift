/// Base64 with the standard alphabet and padding (RFC 4648 §4), between raw buffers.
package enum Base64 {
    /// Characters that `byteCount` bytes become.
    package static func encodedCount(of byteCount: Int) -> Int {
        (byteCount + 2) / 3 * 4
    }

    /// Encodes all of `source`; `target` must hold `encodedCount` bytes.
    ///
    /// - Returns: the characters written.
    package static func encode(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        let length = source.count
        precondition(target.count >= Self.encodedCount(of: length))
        guard length > 0, let input = source.baseAddress, let output = target.baseAddress else { return 0 }
        let pairs = Self.pairs.table
        var read = 0
        var written = 0
        // Six bytes, read as eight, are four pairs of characters.
        while read + 8 <= length {
            let word = UInt64(bigEndian: input.loadUnaligned(fromByteOffset: read, as: UInt64.self))
            let first = UInt64(pairs[Int(truncatingIfNeeded: word >> 52)])
            let second = UInt64(pairs[Int(truncatingIfNeeded: word >> 40 & 0xFFF)])
            let third = UInt64(pairs[Int(truncatingIfNeeded: word >> 28 & 0xFFF)])
            let fourth = UInt64(pairs[Int(truncatingIfNeeded: word >> 16 & 0xFFF)])
            let characters = first | second << 16 | third << 32 | fourth << 48
            output.storeBytes(of: characters.littleEndian, toByteOffset: written, as: UInt64.self)
            read += 6
            written += 8
        }
        while read < length {
            let count = min(3, length - read)
            var group = UInt32(source[read]) << 16
            if count > 1 { group |= UInt32(source[read + 1]) << 8 }
            if count > 2 { group |= UInt32(source[read + 2]) }
            let high = pairs[Int(group >> 12)]
            let low = pairs[Int(group & 0xFFF)]
            target[written] = UInt8(truncatingIfNeeded: high)
            target[written + 1] = UInt8(truncatingIfNeeded: high >> 8)
            target[written + 2] = count > 1 ? UInt8(truncatingIfNeeded: low) : UInt8(ascii: "=")
            target[written + 3] = count > 2 ? UInt8(truncatingIfNeeded: low >> 8) : UInt8(ascii: "=")
            read += count
            written += 4
        }
        return written
    }

    /// Decodes the leading run of whole blocks of alphabet characters, without padding.
    ///
    /// Stops at the first block of four that holds anything else, so that a caller can decode up to a closing quote
    /// that it has not looked for. `target` must hold three bytes for every four of `source`, and eight more.
    ///
    /// - Returns: characters read (a multiple of four) and bytes written.
    package static func decodeRun(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) -> (read: Int, written: Int) {
        precondition(target.count >= source.count / 4 * 3 + 8)
        guard let input = source.baseAddress, let output = target.baseAddress else { return (0, 0) }
        let length = source.count
        var read = 0
        var written = 0
        while read + 16 <= length {
            let characters = input.loadUnaligned(fromByteOffset: read, as: SIMD16<UInt8>.self)
            guard let sextets = Self.sextets(of: characters) else { break }
            // Four sextets in each little-endian lane of 32 bits, the first one lowest, become 24 bits in order.
            let lanes = unsafeBitCast(sextets, to: SIMD4<UInt32>.self)
            let joined =
                ((lanes &<< 18) & 0xFC_0000) | ((lanes &<< 4) & 0x3_F000)
                | ((lanes &>> 10) & 0xFC0) | ((lanes &>> 24) & 0x3F)
            let first = UInt64(joined[0]) << 40 | UInt64(joined[1]) << 16
            let second = UInt64(joined[2]) << 40 | UInt64(joined[3]) << 16
            output.storeBytes(of: first.bigEndian, toByteOffset: written, as: UInt64.self)
            output.storeBytes(of: second.bigEndian, toByteOffset: written + 6, as: UInt64.self)
            read += 16
            written += 12
        }
        while read + 4 <= length {
            let first = Self.sextet(source[read])
            let second = Self.sextet(source[read + 1])
            let third = Self.sextet(source[read + 2])
            let fourth = Self.sextet(source[read + 3])
            if first | second | third | fourth > 63 { break }
            let group = UInt32(first) << 18 | UInt32(second) << 12 | UInt32(third) << 6 | UInt32(fourth)
            target[written] = UInt8(truncatingIfNeeded: group >> 16)
            target[written + 1] = UInt8(truncatingIfNeeded: group >> 8)
            target[written + 2] = UInt8(truncatingIfNeeded: group)
            read += 4
            written += 3
        }
        return (read, written)
    }

    /// Decodes a whole text with its padding; `nil` when anything about it is not canonical.
    package static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var padding = 0
        while padding < 2, padding < text.count, text[text.count - 1 - padding] == UInt8(ascii: "=") { padding += 1 }
        // The padding's bits are zero, as those of an A.
        let body = Array(text.dropLast(padding)) + [UInt8](repeating: UInt8(ascii: "A"), count: padding)
        var read = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: text.count / 4 * 3 + 8) { target, count in
            let run = body.withUnsafeBytes { Self.decodeRun($0, into: UnsafeMutableRawBufferPointer(target)) }
            read = run.read
            count = run.written
        }
        guard read == text.count, bytes.suffix(padding).allSatisfy({ $0 == 0 }) else { return nil }
        return Array(bytes.dropLast(padding))
    }

    /// The value of a character, or 255 for one outside the alphabet.
    package static func sextet(_ character: UInt8) -> UInt8 {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: 255
        }
    }

    /// The values of sixteen characters, or `nil` when one is outside the alphabet.
    @inline(__always)
    private static func sextets(of characters: SIMD16<UInt8>) -> SIMD16<UInt8>? {
        let none = SIMD16<UInt8>(repeating: 0)
        let isUpper = (characters &- 65) .< 26
        let isLower = (characters &- 97) .< 26
        let isDigit = (characters &- 48) .< 10
        let isPlus = characters .== 43
        let isSlash = characters .== 47
        guard all(isUpper .| isLower .| isDigit .| isPlus .| isSlash) else { return nil }
        let shift =
            none.replacing(with: 191, where: isUpper) | none.replacing(with: 185, where: isLower)
            | none.replacing(with: 4, where: isDigit) | none.replacing(with: 19, where: isPlus)
            | none.replacing(with: 16, where: isSlash)
        return characters &+ shift
    }

    /// Two characters, the first in the low byte, for every twelve bits.
    private struct Pairs: Sendable {
        // SAFETY: written once before it is published, never freed.
        nonisolated(unsafe) let table: UnsafePointer<UInt16>

        init() {
            let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
            let table = UnsafeMutablePointer<UInt16>.allocate(capacity: 4096)
            for bits in 0..<4096 {
                let first = UInt16(alphabet.utf8Start[bits >> 6])
                let second = UInt16(alphabet.utf8Start[bits & 63])
                (table + bits).initialize(to: first | second << 8)
            }
            self.table = UnsafePointer(table)
        }
    }

    private static let pairs = Pairs()
}
