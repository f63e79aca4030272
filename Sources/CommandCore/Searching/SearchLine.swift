package import KafkaClient
internal import Model
internal import NIOCore
internal import Text

/// A line of a server's search: a record that matches, or how far the search has come.
package enum SearchLine: Sendable, Decodable {
    case record(FoundRecord)
    case progress(SearchProgress)

    private enum Keys: String, CodingKey {
        case progress
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Keys.self)
        if let progress = try members.decodeIfPresent(SearchProgress.self, forKey: .progress) {
            self = .progress(progress)
        } else {
            self = .record(try FoundRecord(from: decoder))
        }
    }
}

/// A record as `/api/v1` has it.
package struct FoundRecord: Sendable, Decodable {
    /// Bytes with what they look like: as text where they are text, else in base64.
    struct Content: Sendable, Decodable {
        var format: String
        var text: String?
        var base64: String?

        /// `nil` where the record has none.
        var bytes: ByteBuffer? {
            if self.format == "null" { return nil }
            if let base64 { return ByteBuffer(bytes: Base64.decode(Array(base64.utf8)) ?? []) }
            return ByteBuffer(string: self.text ?? "")
        }
    }

    struct Header: Sendable, Decodable {
        var name: String
        var value: Content
    }

    var partition: Int32
    var offset: Int64
    var timestamp: Int64
    var key: Content
    var value: Content
    var headers: [Header]

    /// The same record as a consumer would have it; what is not in the answer (epochs, producer) is unknown.
    package func consumed(of topic: String) -> ConsumedRecord {
        ConsumedRecord(
            partition: NamedPartition(topic: topic, partition: self.partition),
            offset: self.offset,
            timestamp: self.timestamp,
            key: self.key.bytes,
            value: self.value.bytes,
            headers: self.headers.map { ($0.name, $0.value.bytes) }
        )
    }
}

/// What a search has looked at.
package struct SearchProgress: Sendable, Equatable, Decodable {
    /// Records that were looked at.
    package var scanned: Int64
    /// Offsets that were not.
    package var left: Int64
    /// Of batches that were read.
    package var bytes: Int64
    package var matched: Int64
    /// Records that lack a field of the filter, or have another kind of value there.
    package var errors: Int64
    /// Records that the filter takes too long with.
    package var tooMuchWork: Int64
    /// Batches that cannot be read.
    package var unreadable: Int64
    /// Why it ended; `nil` while it is under way.
    package var ended: String?
    /// Where to continue; `nil` at the end.
    package var cursor: String?

    /// `412331 of 2304118 records scanned (17%), 37 found`
    package var figures: String {
        let total = self.scanned + self.left
        let percent = total > 0 ? Int(Double(self.scanned) / Double(total) * 100) : 100
        return "\(self.scanned) of \(total) records scanned (\(percent)%), \(self.matched) found"
    }

    /// What the person who searches has to know about records that were passed over; empty lines are left out.
    package var remarks: [String] {
        var remarks: [String] = []
        if self.errors > 0 {
            remarks.append("\(self.errors) lack a field of the filter, or have another kind of value there")
        }
        if self.tooMuchWork > 0 { remarks.append("\(self.tooMuchWork) take the filter too long") }
        if self.unreadable > 0 { remarks.append("\(self.unreadable) batches cannot be read") }
        return remarks
    }

    /// Whether something that was asked for was not looked at.
    package var isPartial: Bool {
        self.unreadable > 0 || self.tooMuchWork > 0 || self.ended == "scanned" || self.ended == "bytes"
    }
}

extension OffsetRange.Point {
    /// As `from` and `until` of the admin port's API.
    package var apiText: String {
        switch self {
        case .start: "start"
        case .end: "end"
        case .offset(let offset): "\(offset)"
        case .afterStart(let count): "+\(count)"
        case .beforeEnd(let count): count == 0 ? "end" : "-\(count)"
        case .time(let time): "@\(max(0, time))"
        }
    }
}
