/// A text that equals another when its bytes do. Swift takes two spellings of an accented letter for the same text;
/// Kafka does not, and who may do something must not depend on that.
package struct ExactText: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (left: ExactText, right: ExactText) -> Bool {
        Self.order(left.text, right.text) == 0
    }

    package func hash(into hasher: inout Hasher) {
        let isHashed: Void? = self.text.utf8.withContiguousStorageIfAvailable { bytes in
            hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        }
        guard isHashed == nil else { return }
        Array(self.text.utf8).withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// Whether the bytes of `text` begin with those of `prefix`.
    static func begins(_ text: String, with prefix: String) -> Bool {
        let begins = text.utf8.withContiguousStorageIfAvailable { text in
            prefix.utf8.withContiguousStorageIfAvailable { prefix in
                prefix.count <= text.count
                    && Self.order(UnsafeBufferPointer(rebasing: text[..<prefix.count]), prefix) == 0
            }
        }
        if let begins, let begins { return begins }
        return text.utf8.starts(with: prefix.utf8)
    }

    /// The first eight bytes as a number that grows with them; a shorter text ends in zeros.
    static func head(of text: String) -> UInt64 {
        let head = text.utf8.withContiguousStorageIfAvailable { bytes in
            var head: UInt64 = 0
            for index in 0..<8 { head = head << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0) }
            return head
        }
        if let head { return head }
        var rest = text.utf8.makeIterator()
        return (0..<8).reduce(0) { head, _ in head << 8 | UInt64(rest.next() ?? 0) }
    }

    /// Below, at or above 0 as the bytes of `left` come before, are, or come after those of `right`.
    static func order(_ left: String, _ right: String) -> Int {
        let order = left.utf8.withContiguousStorageIfAvailable { left in
            right.utf8.withContiguousStorageIfAvailable { right in Self.order(left, right) }
        }
        if let order, let order { return order }
        return Array(left.utf8).withUnsafeBufferPointer { left in
            Array(right.utf8).withUnsafeBufferPointer { right in Self.order(left, right) }
        }
    }

    private static func order(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
        var index = 0
        let common = min(left.count, right.count)
        while index < common {
            if left[index] != right[index] { return left[index] < right[index] ? -1 : 1 }
            index += 1
        }
        return left.count - right.count
    }
}
