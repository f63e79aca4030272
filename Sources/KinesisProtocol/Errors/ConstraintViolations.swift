/// Collects what a request's members violate and words it as AWS does: "N validation errors detected: Value 'v' at
/// 'member' failed to satisfy constraint: …", joined by "; ", ten at most.
package struct ConstraintViolations {
    /// AWS lists no more than this.
    package static let countMax = 10
    /// Values are quoted up to here, so that an answer cannot be made many times larger than its request.
    private static let quotedBytesMax = 4096

    private var messages: [String] = []

    package init() {}

    package var isEmpty: Bool { self.messages.isEmpty }
    package var isFull: Bool { self.messages.count >= Self.countMax }

    /// - Parameter value: as Java prints it, or `nil` for null.
    package mutating func add(_ value: String?, at path: String, _ constraint: String) {
        guard !self.isFull else { return }
        let quoted = value.map { "'" + Self.shortened($0) + "'" } ?? "null"
        self.messages.append("Value \(quoted) at '\(path)' failed to satisfy constraint: \(constraint)")
    }

    /// Throws `ValidationException` when something was added.
    package func check() throws(KinesisError) {
        guard !self.messages.isEmpty else { return }
        let noun = self.messages.count == 1 ? "error" : "errors"
        throw KinesisError(
            .validation,
            "\(self.messages.count) validation \(noun) detected: \(self.messages.joined(separator: "; "))"
        )
    }

    package static func shortened(_ value: String) -> String {
        guard value.utf8.count > Self.quotedBytesMax else { return value }
        var text = ""
        var bytes = 0
        for character in value.unicodeScalars {
            bytes += UTF8.width(character)
            if bytes > Self.quotedBytesMax { break }
            text.unicodeScalars.append(character)
        }
        return text + "..."
    }
}

extension ConstraintViolations {
    package mutating func requirePresent<Value>(_ value: Value?, at path: String) {
        if value == nil { self.add(nil, at: path, "Member must not be null") }
    }

    /// Length in Unicode code points.
    package mutating func requireLength(_ value: String?, in range: ClosedRange<Int>, at path: String) {
        guard let value else { return }
        let count = value.unicodeScalars.count
        if count < range.lowerBound {
            self.add(value, at: path, "Member must have length greater than or equal to \(range.lowerBound)")
        }
        if count > range.upperBound {
            self.add(value, at: path, "Member must have length less than or equal to \(range.upperBound)")
        }
    }

    package mutating func requireValue(_ value: Int32?, in range: ClosedRange<Int32>, at path: String) {
        guard let value else { return }
        if value < range.lowerBound {
            self.add(String(value), at: path, "Member must have value greater than or equal to \(range.lowerBound)")
        }
        if value > range.upperBound {
            self.add(String(value), at: path, "Member must have value less than or equal to \(range.upperBound)")
        }
    }

    package mutating func requirePattern(_ value: String?, _ pattern: StringPattern, at path: String) {
        guard let value, !pattern.matches(value) else { return }
        self.add(value, at: path, "Member must satisfy regular expression pattern: \(pattern.text)")
    }

    package mutating func requireMember(_ value: String?, of set: [String], at path: String) {
        guard let value, !set.contains(value) else { return }
        self.add(value, at: path, "Member must satisfy enum value set: [\(set.joined(separator: ", "))]")
    }

    /// A stream name, consumer name or shard ID: 1…128 of letters, digits, `_`, `.`, `-`.
    package mutating func requireName(_ value: String?, at path: String) {
        self.requirePattern(value, .name, at: path)
        self.requireLength(value, in: 1...128, at: path)
    }

    package mutating func requireStreamARN(_ value: String?) {
        self.requirePattern(value, .streamARN, at: "streamARN")
        self.requireLength(value, in: 1...2048, at: "streamARN")
    }
}

/// The regular expressions of the service model, each matched by hand.
package struct StringPattern: Sendable {
    /// As it stands in AWS's error message.
    package let text: String
    package let matches: @Sendable (String) -> Bool

    package static let name = StringPattern(text: "[a-zA-Z0-9_.-]+") { value in
        !value.isEmpty && value.utf8.allSatisfy { Self.isNameByte($0) }
    }
    package static let hashKey = StringPattern(text: #"0|([1-9]\d{0,38})"#) { Self.isDecimal($0, digitsMax: 39) }
    package static let sequenceNumber = StringPattern(text: #"0|([1-9]\d{0,128})"#) {
        Self.isDecimal($0, digitsMax: 129)
    }
    package static let streamARN = StringPattern(text: #"arn:aws.*:kinesis:.*:\d{12}:stream/\S+"#) {
        StreamARN(text: $0) != nil
    }

    package static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func isDecimal(_ value: String, digitsMax: Int) -> Bool {
        let digits = value.utf8
        guard let first = digits.first, digits.count <= digitsMax else { return false }
        if first == UInt8(ascii: "0") { return digits.count == 1 }
        return digits.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
}
