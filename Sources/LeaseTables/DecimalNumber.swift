/// A number as DynamoDB keeps it: exact, up to 38 significant digits, of a magnitude from 1E-130 to 9.99…E+125.
///
/// Normalized: two equal numbers have equal fields, however they were written.
package struct DecimalNumber: Hashable, Sendable {
    package static let digitsMax = 38
    private static let exponentMax = 125
    private static let exponentMin = -130
    /// Characters of a number's text that are looked at; a longer one is refused.
    package static let textBytesMax = 256

    private let isNegative: Bool
    /// Without trailing zeros; 0 only for zero.
    private let significand: UInt128
    private let exponent: Int32

    package static let zero = DecimalNumber(isNegative: false, significand: 0, exponent: 0)

    private init(isNegative: Bool, significand: UInt128, exponent: Int32) {
        self.isNegative = isNegative
        self.significand = significand
        self.exponent = exponent
    }

    package init(_ value: Int64) {
        self = Self.normalized(isNegative: value < 0, significand: UInt128(value.magnitude), exponent: 0) ?? .zero
    }

    /// Why a text is not a number that can be kept.
    package enum Failure: Error, Equatable {
        case malformed
        /// More than 38 significant digits.
        case precision
        case overflow
        case underflow
    }

    /// - Parameter text: digits with an optional sign, fraction and exponent.
    package init(text: String) throws(Failure) {
        guard text.utf8.count <= Self.textBytesMax else { throw .malformed }
        var parser = DecimalParser(text)
        let parts = try parser.parse()
        if parts.significand == 0 {
            self = .zero
            return
        }
        guard
            let value = Self.normalized(
                isNegative: parts.isNegative,
                significand: parts.significand,
                exponent: parts.exponent
            )
        else { throw .precision }
        try value.checkMagnitude()
        self = value
    }

    /// `nil` when more digits remain than are kept.
    private static func normalized(isNegative: Bool, significand: UInt128, exponent: Int32) -> DecimalNumber? {
        guard significand != 0 else { return .zero }
        var significand = significand
        var exponent = exponent
        while significand % 10 == 0 {
            significand /= 10
            exponent += 1
        }
        guard Self.digitCount(significand) <= Self.digitsMax else { return nil }
        return DecimalNumber(isNegative: isNegative, significand: significand, exponent: exponent)
    }

    private func checkMagnitude() throws(Failure) {
        guard self.significand != 0 else { return }
        if self.leadingExponent > Self.exponentMax { throw .overflow }
        if self.leadingExponent < Self.exponentMin { throw .underflow }
    }

    /// The power of ten of the first digit.
    private var leadingExponent: Int { Self.digitCount(self.significand) - 1 + Int(self.exponent) }

    static func digitCount(_ value: UInt128) -> Int {
        var count = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            count += 1
        }
        return count
    }

    private static func power(_ exponent: Int) -> UInt128 {
        var value: UInt128 = 1
        for _ in 0..<exponent { value *= 10 }
        return value
    }

    // MARK: Arithmetic

    package var negated: DecimalNumber {
        guard self.significand != 0 else { return self }
        return DecimalNumber(isNegative: !self.isNegative, significand: self.significand, exponent: self.exponent)
    }

    /// The exact sum. Throws when it has more digits, or another magnitude, than a number may.
    package func adding(_ other: DecimalNumber) throws(Failure) -> DecimalNumber {
        if self.significand == 0 { return other }
        if other.significand == 0 { return self }
        let low = min(self.exponent, other.exponent)
        let left = try self.scaled(to: low)
        let right = try other.scaled(to: low)
        let isNegative: Bool
        let sum: UInt128
        if self.isNegative == other.isNegative {
            isNegative = self.isNegative
            // Both are below 10^38, twice which fits into 128 bits.
            sum = left + right
        } else {
            isNegative = left >= right ? self.isNegative : other.isNegative
            sum = left >= right ? left - right : right - left
        }
        guard let value = Self.normalized(isNegative: isNegative, significand: sum, exponent: low) else {
            throw .precision
        }
        try value.checkMagnitude()
        return value
    }

    private func scaled(to exponent: Int32) throws(Failure) -> UInt128 {
        let zeros = Int(self.exponent) - Int(exponent)
        guard Self.digitCount(self.significand) + zeros <= Self.digitsMax else { throw .precision }
        return self.significand * Self.power(zeros)
    }

    /// The number when it is whole and fits.
    package var integer: Int64? {
        guard self.significand != 0 else { return 0 }
        guard self.exponent >= 0, self.leadingExponent < 19 else { return nil }
        let magnitude = self.significand * Self.power(Int(self.exponent))
        if self.isNegative {
            return magnitude <= UInt128(Int64.max) + 1 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
        }
        return Int64(exactly: magnitude)
    }
}

extension DecimalNumber: Comparable {
    package static func < (left: DecimalNumber, right: DecimalNumber) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        if left.isNegative { return right.isCloserToZero(than: left) }
        return left.isCloserToZero(than: right)
    }

    private func isCloserToZero(than other: DecimalNumber) -> Bool {
        if self.significand == 0 || other.significand == 0 { return self.significand == 0 && other.significand != 0 }
        if self.leadingExponent != other.leadingExponent { return self.leadingExponent < other.leadingExponent }
        return self.allDigits < other.allDigits
    }

    /// The significand with 38 digits.
    private var allDigits: UInt128 {
        self.significand * Self.power(Self.digitsMax - Self.digitCount(self.significand))
    }
}

extension DecimalNumber: CustomStringConvertible {
    /// Without an exponent, as DynamoDB answers: at most 169 characters.
    package var description: String {
        guard self.significand != 0 else { return "0" }
        let digits = String(self.significand)
        let sign = self.isNegative ? "-" : ""
        if self.exponent >= 0 { return sign + digits + String(repeating: "0", count: Int(self.exponent)) }
        let fractionCount = Int(-self.exponent)
        if digits.utf8.count > fractionCount {
            let point = digits.utf8.count - fractionCount
            return sign + digits.prefix(point) + "." + digits.dropFirst(point)
        }
        return sign + "0." + String(repeating: "0", count: fractionCount - digits.utf8.count) + digits
    }

    /// What DynamoDB counts of it towards an item's size.
    package var sizeBytes: Int { (Self.digitCount(self.significand) + 1) / 2 + (self.isNegative ? 2 : 1) }
}

/// Reads the text of a decimal number.
private struct DecimalParser {
    private var bytes: [UInt8]
    private var position = 0
    private var significand: UInt128 = 0
    private var digitCount = 0
    /// Zeros that may still turn out to be between digits.
    private var pendingZeros = 0
    private var exponent: Int32 = 0

    init(_ text: String) { self.bytes = Array(text.utf8) }

    private var next: UInt8? { self.position < self.bytes.count ? self.bytes[self.position] : nil }

    mutating func parse() throws(DecimalNumber.Failure) -> (isNegative: Bool, significand: UInt128, exponent: Int32) {
        let isNegative = self.next == UInt8(ascii: "-")
        if isNegative || self.next == UInt8(ascii: "+") { self.position += 1 }
        var found = try self.digits(areFraction: false)
        if self.next == UInt8(ascii: ".") {
            self.position += 1
            found = try self.digits(areFraction: true) || found
        }
        guard found else { throw .malformed }
        // Zeros behind the last other digit are its power of ten.
        self.exponent += Int32(self.pendingZeros)
        if let next, next | 0x20 == UInt8(ascii: "e") {
            self.position += 1
            self.exponent += try self.writtenExponent()
        }
        guard self.next == nil else { throw .malformed }
        return (isNegative, self.significand, self.exponent)
    }

    private mutating func digits(areFraction: Bool) throws(DecimalNumber.Failure) -> Bool {
        let start = self.position
        while let byte = self.next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
            self.position += 1
            if areFraction { self.exponent -= 1 }
            if byte == UInt8(ascii: "0") {
                if self.significand != 0 { self.pendingZeros += 1 }
                continue
            }
            self.digitCount += self.pendingZeros + 1
            guard self.digitCount <= DecimalNumber.digitsMax else { throw .precision }
            for _ in 0..<self.pendingZeros { self.significand *= 10 }
            self.pendingZeros = 0
            self.significand = self.significand * 10 + UInt128(byte - UInt8(ascii: "0"))
        }
        return self.position > start
    }

    private mutating func writtenExponent() throws(DecimalNumber.Failure) -> Int32 {
        let isNegative = self.next == UInt8(ascii: "-")
        if isNegative || self.next == UInt8(ascii: "+") { self.position += 1 }
        let start = self.position
        var value: Int32 = 0
        while let byte = self.next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
            self.position += 1
            // Far beyond every magnitude that is kept.
            value = min(value * 10 + Int32(byte - UInt8(ascii: "0")), 10_000)
        }
        guard self.position > start else { throw .malformed }
        return isNegative ? -value : value
    }
}
