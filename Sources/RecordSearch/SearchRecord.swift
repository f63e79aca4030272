package import Model
package import NIOCore
package import RecordBatch

/// A record as it is searched: one of the log, or one of those that a producer library packed into it.
package struct SearchRecord: Sendable {
    package typealias Bytes = ByteBuffer

    /// One header.
    package struct Header: Sendable {
        package var name: String
        package var value: Bytes?

        package init(name: String, value: Bytes?) {
            self.name = name
            self.value = value
        }
    }

    package var partition: Int32
    package var offset: Offset
    /// Of a record that was packed into another one: its number there. `nil` of an ordinary record.
    package var subsequence: Int?
    package var timestamp: Timestamp
    package var key: Bytes?
    package var value: Bytes?
    package var headers: [Header]

    package init(
        partition: Int32,
        offset: Offset,
        subsequence: Int? = nil,
        timestamp: Timestamp,
        key: Bytes?,
        value: Bytes?,
        headers: [Header] = []
    ) {
        self.partition = partition
        self.offset = offset
        self.subsequence = subsequence
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers
    }

    /// A record of a batch, or those that are packed into it.
    package static func records(in record: Record, of partition: Int32) -> [SearchRecord] {
        let whole = SearchRecord(
            partition: partition,
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key,
            value: record.value,
            headers: record.headers.map { Header(name: $0.key, value: $0.value) }
        )
        guard let value = record.value, let parts = AggregatedParts.parts(of: value) else { return [whole] }
        return parts.enumerated().map { number, part in
            var one = whole
            one.subsequence = number
            one.key = part.key
            one.value = part.data
            return one
        }
    }
}
