internal import CMillraceBase64

/// Base64 with the standard alphabet and padding (RFC 4648 §4), between raw buffers.
public enum Base64 {
    /// With padding.
    package static func text(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: Self.encodedCount(of: bytes.count)) { target in
            bytes.withUnsafeBytes { Self.encode($0, into: UnsafeMutableRawBufferPointer(target)) }
        }
    }

    /// Characters that `byteCount` bytes become.
    public static func encodedCount(of byteCount: Int) -> Int {
        (byteCount + 2) / 3 * 4
    }

    /// Encodes all of `source`; `target` must hold `encodedCount` bytes.
    ///
    /// - Returns: the characters written.
    public static func encode(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        let length = source.count
        precondition(target.count >= Self.encodedCount(of: length))
        guard length > 0, let input = source.baseAddress, let output = target.baseAddress else { return 0 }
        var read = 0
        var written = 0
        if length >= 28 {
            let bytes = input.assumingMemoryBound(to: UInt8.self)
            read = millrace_base64_encode(bytes, length, output.assumingMemoryBound(to: UInt8.self))
            written = read / 3 * 4
        }
        let pairs = Self.pairs.table
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
        if length >= 32 {
            let characters = input.assumingMemoryBound(to: UInt8.self)
            read = millrace_base64_decode(characters, length, output.assumingMemoryBound(to: UInt8.self))
            written = read / 4 * 3
            // It has stopped inside a vector, at the end of the run.
            if read > 0, length - read >= 32 { return (read, written) }
        }
        // The rest; on a CPU without larger vectors, all of it.
        while read + 16 <= length {
            let characters = input.loadUnaligned(fromByteOffset: read, as: SIMD16<UInt8>.self)
            guard let sextets = Self.sextets(of: characters) else { break }
            // Four sextets in each little-endian lane of 32 bits, the first one lowest, become 24 bits in order.
            let lanes = unsafeBitCast(sextets, to: SIMD4<UInt32>.self)
            var joined: SIMD4<UInt32> = (lanes &<< Self.shift18) & Self.mask18
            joined |= (lanes &<< Self.shift4) & Self.mask12
            joined |= (lanes &>> Self.shift10) & Self.mask6
            joined |= lanes &>> Self.shift24
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

    @inline(__always) private static var shift18: SIMD4<UInt32> { SIMD4(repeating: 18) }
    @inline(__always) private static var shift4: SIMD4<UInt32> { SIMD4(repeating: 4) }
    @inline(__always) private static var shift10: SIMD4<UInt32> { SIMD4(repeating: 10) }
    @inline(__always) private static var shift24: SIMD4<UInt32> { SIMD4(repeating: 24) }
    @inline(__always) private static var mask18: SIMD4<UInt32> { SIMD4(repeating: 0xFC_0000) }
    @inline(__always) private static var mask12: SIMD4<UInt32> { SIMD4(repeating: 0x3_F000) }
    @inline(__always) private static var mask6: SIMD4<UInt32> { SIMD4(repeating: 0xFC0) }

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
    ///
    /// Only operations between two vectors, and masks taken as integers: those compile to vector instructions, while
    /// the standard library's `replacing(with:where:)` and its operators with a scalar go lane by lane.
    @inline(__always)
    private static func sextets(of characters: SIMD16<UInt8>) -> SIMD16<UInt8>? {
        let isUpper = Self.isInRange(characters, from: 65, count: 26)
        let isLower = Self.isInRange(characters, from: 97, count: 26)
        let isDigit = Self.isInRange(characters, from: 48, count: 10)
        let isPlus = Self.isInRange(characters, from: 43, count: 1)
        let isSlash = Self.isInRange(characters, from: 47, count: 1)
        var known: SIMD16<UInt8> = isUpper | isLower
        known |= isDigit
        known |= isPlus
        known |= isSlash
        let isKnown = unsafeBitCast(known, to: SIMD2<UInt64>.self)
        guard isKnown[0] & isKnown[1] == .max else { return nil }
        var shift: SIMD16<UInt8> = isUpper & SIMD16<UInt8>(repeating: 191)
        shift |= isLower & SIMD16<UInt8>(repeating: 185)
        shift |= isDigit & SIMD16<UInt8>(repeating: 4)
        shift |= isPlus & SIMD16<UInt8>(repeating: 19)
        shift |= isSlash & SIMD16<UInt8>(repeating: 16)
        return characters &+ shift
    }

    /// 255 in the lanes whose value is in the range, 0 in the others.
    @inline(__always)
    private static func isInRange(_ values: SIMD16<UInt8>, from start: UInt8, count: UInt8) -> SIMD16<UInt8> {
        let offsets: SIMD16<UInt8> = values &- SIMD16<UInt8>(repeating: start)
        let mask: SIMDMask<SIMD16<Int8>> = offsets .< SIMD16<UInt8>(repeating: count)
        return unsafeBitCast(mask, to: SIMD16<UInt8>.self)
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
