internal import NIOCore

/// What etcd knows of a compacted object that is being written, or that several partitions share: the value of the key
/// `o/WRITER/NUMBER`.
///
/// It exists before anything is written under the name, so that what a fenced incarnation may have written is known
/// without a listing. While it `isOpen` its writer alone may refer to the object where nobody does yet. It is removed
/// in the transaction that removes the last reference, which files a `DeletionIntent` in its place; that of an object
/// which one partition has for itself is removed with the first reference, for the partition's head is all that counts.
///
/// Format (1 byte, 1), open (1 byte), partitions that refer to it now and that did at first, size in bytes (LEB128),
/// CRC-32C.
package struct SharedObject: Hashable, Sendable {
    private static let format: UInt8 = 1

    /// Its writer has not finished yet: it writes the object, or puts references into heads.
    package var isOpen: Bool
    /// Partitions whose heads or indexes refer to the object.
    package var partitionCount: Int
    /// Partitions that it was written for.
    package var partitionCountFirst: Int
    package var sizeBytes: Int

    package init(isOpen: Bool, partitionCount: Int, partitionCountFirst: Int, sizeBytes: Int) {
        self.isOpen = isOpen
        self.partitionCount = partitionCount
        self.partitionCountFirst = partitionCountFirst
        self.sizeBytes = sizeBytes
    }

    /// Before anything is written.
    package static let registered = SharedObject(
        isOpen: true,
        partitionCount: 0,
        partitionCountFirst: 0,
        sizeBytes: 0
    )

    /// Few of those that it was written for are left: who still refers to it should move on with its next merge.
    package var isSparse: Bool { !self.isOpen && self.partitionCount * 4 <= self.partitionCountFirst }

    package func encoded() -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(Self.format)
        buffer.writeInteger(UInt8(self.isOpen ? 1 : 0))
        buffer.writeNumber(self.partitionCount)
        buffer.writeNumber(self.partitionCountFirst)
        buffer.writeNumber(self.sizeBytes)
        return StoredValue.sealed(buffer)
    }

    package init(decoding bytes: [UInt8]) throws(ObjectCodingError) {
        var buffer = try StoredValue.opened(bytes, format: Self.format, "The count of an object")
        self.isOpen = try buffer.readFlag()
        self.partitionCount = try buffer.readNumber(as: Int.self)
        self.partitionCountFirst = try buffer.readNumber(as: Int.self)
        self.sizeBytes = try buffer.readNumber(as: Int.self)
        guard buffer.readableBytes == 0 else { throw .damaged("The count of an object has bytes behind its end.") }
    }
}
