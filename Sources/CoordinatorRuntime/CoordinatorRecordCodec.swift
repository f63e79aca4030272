package import NIOCore

/// Translates one coordinator's records into what its topic stores, and back.
package protocol CoordinatorRecordCodec: SendableMetatype {
    associatedtype Record: Sendable

    static func encode(_ record: Record, allocator: ByteBufferAllocator) -> EncodedRecord

    /// `nil` for a record of a kind that this broker does not keep. Throws when one of a known kind is damaged.
    static func decode(key: ByteBuffer?, value: ByteBuffer?) throws(DamagedRecord) -> Record?
}

/// A record's fields; a `nil` value is a tombstone.
package struct EncodedRecord: Sendable, Equatable {
    package var key: ByteBuffer
    package var value: ByteBuffer?

    package init(key: ByteBuffer, value: ByteBuffer?) {
        self.key = key
        self.value = value
    }
}

/// A stored record that cannot be read.
package struct DamagedRecord: Error {
    package var reason: String

    package init(_ reason: String) { self.reason = reason }
}
