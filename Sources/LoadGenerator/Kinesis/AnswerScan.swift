internal import Glibc
package import NIOCore

/// What a load needs of a Kinesis answer in JSON, found by going from quote to quote instead of parsing it.
///
/// Strings are recognised by their quotes and the backslashes before them, so that no key or value that looks like a
/// member is taken for one.
package struct AnswerScan: Sendable, Equatable {
    /// `SequenceNumber` members.
    package private(set) var sequenceNumberCount = 0
    /// Bytes that the `Data` members stand for in base64.
    package private(set) var dataBytes = 0
    /// `FailedRecordCount`.
    package private(set) var failedCount: Int?
    /// `MillisBehindLatest`.
    package private(set) var millisecondsBehind: Int?
    /// `NextShardIterator`, or `ShardIterator` of GetShardIterator.
    package private(set) var iterator: String?
    /// The last part of `__type`, in an error.
    package private(set) var errorType: String?
    /// `message` or `Message`, in an error.
    package private(set) var message: String?

    package init(_ body: ByteBuffer) {
        body.withUnsafeReadableBytes { self.scan($0) }
    }

    private mutating func scan(_ bytes: UnsafeRawBufferPointer) {
        var position = 0
        while let string = Self.string(in: bytes, from: position) {
            position = string.upperBound + 1
            guard let value = Self.value(in: bytes, after: position) else { continue }
            let name = UnsafeRawBufferPointer(rebasing: bytes[string])
            let isText = bytes[value] == UInt8(ascii: "\"")
            if isText, let text = Self.string(in: bytes, from: value) {
                self.take(name, text: UnsafeRawBufferPointer(rebasing: bytes[text]))
                position = text.upperBound + 1
            } else if !isText {
                self.take(name, number: Self.number(in: bytes, at: value))
                position = value
            }
        }
    }

    private mutating func take(_ name: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer) {
        switch name.count {
        case 14 where Self.is(name, "SequenceNumber"): self.sequenceNumberCount += 1
        case 4 where Self.is(name, "Data"): self.dataBytes += Self.decodedCount(of: text)
        case 17 where Self.is(name, "NextShardIterator"), 13 where Self.is(name, "ShardIterator"):
            self.iterator = String(decoding: text, as: UTF8.self)
        case 6 where Self.is(name, "__type"):
            let type = String(decoding: text, as: UTF8.self)
            self.errorType = type.split(separator: "#").last.map(String.init) ?? type
        case 7 where Self.is(name, "message") || Self.is(name, "Message"):
            self.message = String(decoding: text, as: UTF8.self)
        default: break
        }
    }

    private mutating func take(_ name: UnsafeRawBufferPointer, number: Int?) {
        if Self.is(name, "FailedRecordCount") {
            self.failedCount = number
        } else if Self.is(name, "MillisBehindLatest") {
            self.millisecondsBehind = number
        }
    }

    private static func `is`(_ name: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        name.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// What stands between the next two quotes that are not escaped.
    private static func string(in bytes: UnsafeRawBufferPointer, from position: Int) -> Range<Int>? {
        guard let open = self.quote(in: bytes, from: position) else { return nil }
        var from = open + 1
        while let close = self.quote(in: bytes, from: from) {
            var backslashes = 0
            while close - backslashes > open + 1, bytes[close - backslashes - 1] == UInt8(ascii: "\\") {
                backslashes += 1
            }
            if backslashes.isMultiple(of: 2) { return (open + 1)..<close }
            from = close + 1
        }
        return nil
    }

    private static func quote(in bytes: UnsafeRawBufferPointer, from position: Int) -> Int? {
        guard position < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + position, Int32(UInt8(ascii: "\"")), bytes.count - position)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// Where the value begins whose name ends before `position`; `nil` when no colon follows.
    private static func value(in bytes: UnsafeRawBufferPointer, after position: Int) -> Int? {
        var position = position
        var hasColon = false
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): break
            case UInt8(ascii: ":") where !hasColon: hasColon = true
            default: return hasColon ? position : nil
            }
            position += 1
        }
        return nil
    }

    private static func number(in bytes: UnsafeRawBufferPointer, at position: Int) -> Int? {
        let digits = bytes[position...].prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        return Int(String(decoding: digits, as: UTF8.self))
    }

    private static func decodedCount(of text: UnsafeRawBufferPointer) -> Int {
        var padding = 0
        while padding < 2, padding < text.count, text[text.count - 1 - padding] == UInt8(ascii: "=") { padding += 1 }
        return max(0, text.count / 4 * 3 - padding)
    }
}
