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
