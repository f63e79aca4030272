internal import Text

/// The name of an object that a checkpoint, a merge or an index wrote: `o/BROKER-INCARNATION/NUMBER`, the last two in
/// hexadecimal digits.
///
/// Only its writer makes names with its incarnation, and it uses a number once, so that no two writes of different
/// bytes ever meet. A number is registered in etcd (`EngineKeys.object`) before anything is written under it: what a
/// fenced incarnation may have written is known without a listing.
package struct CompactedObjectName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var writer: Incarnation
    /// Counts the objects of an incarnation, from 0.
    package var number: Int64

    package init(writer: Incarnation, number: Int64) {
        self.writer = writer
        self.number = number
    }

    package var description: String { "o/\(self.writer)/\(Hex.text(UInt64(bitPattern: self.number)))" }

    /// Reads a name; `nil` when it is not one.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "o", let writer = Incarnation(parts[1]),
            let number = Int64(parts[2], radix: 16), number >= 0
        else { return nil }
        self.init(writer: writer, number: number)
        // One name has one spelling.
        guard self.description == text else { return nil }
    }

    package static func < (left: CompactedObjectName, right: CompactedObjectName) -> Bool {
        left.writer == right.writer ? left.number < right.number : left.writer < right.writer
    }
}
