package import Model
internal import Text

/// A position in a shard, which the client carries from one GetRecords to the next.
package struct ShardIterator: Sendable, Equatable {
    /// The incarnation of the stream: a stream deleted and made again has other iterators.
    package var streamID: TopicID
    /// For messages only.
    package var streamName: String
    package var ordinal: UInt32
    /// The next offset to read; the shard's end offset stands for its end.
    package var offset: Offset
    /// When it was made, for its expiry.
    package var minted: Timestamp

    package init(streamID: TopicID, streamName: String, ordinal: UInt32, offset: Offset, minted: Timestamp) {
        self.streamID = streamID
        self.streamName = streamName
        self.ordinal = ordinal
        self.offset = offset
        self.minted = minted
    }

    private static let format: UInt8 = 1

    /// As long as AWS's iterator for a stream of this name: 152 bytes before base64, and 16 more for every 16 bytes
    /// of name.
    package func sealed(by sealer: TokenSealer) -> String {
        var payload: [UInt8] = [Self.format]
        payload.append(bigEndian: self.streamID.high)
        payload.append(bigEndian: self.streamID.low)
        payload.append(bigEndian: self.ordinal)
        payload.append(bigEndian: self.offset)
        payload.append(bigEndian: self.minted)
        payload.append(lengthPrefixed: self.streamName)
        let total = 152 + (self.streamName.utf8.count + 2) / 16 * 16
        let padding = total - 8 - TokenSealer.overheadBytes - payload.count
        if padding > 0 { payload.append(contentsOf: [UInt8](repeating: 0, count: padding)) }
        return sealer.seal(payload, for: .shardIterator)
    }

    /// Opens an iterator. AWS tolerates double quotes around it.
    ///
    /// - Parameter validity: milliseconds.
    /// - Throws: `InvalidArgumentException` for a forged one, `ExpiredIteratorException` for an old one.
    package init(
        _ token: String,
        sealer: TokenSealer,
        now: Timestamp,
        validity: Int64
    ) throws(KinesisError) {
        var token = token[...]
        if token.utf8.count >= 2, token.hasPrefix("\""), token.hasSuffix("\"") { token = token.dropFirst().dropLast() }
        guard let payload = sealer.open(String(token), for: .shardIterator) else { throw Self.invalid }
        var reader = PayloadReader(payload)
        guard reader.integer(as: UInt8.self) == Self.format,
            let high = reader.integer(as: UInt64.self), let low = reader.integer(as: UInt64.self),
            let ordinal = reader.integer(as: UInt32.self), let offset = reader.integer(as: Int64.self),
            let minted = reader.integer(as: Int64.self), let name = reader.string(), offset >= 0
        else { throw Self.invalid }
        let (age, overflow) = now.subtractingReportingOverflow(minted)
        guard !overflow, age <= validity else {
            throw KinesisError(
                .expiredIterator,
                "Iterator expired. The iterator was created at time \(CalendarTime(minted)) while right now it is "
                    + "\(CalendarTime(now)) which is further in the future than the tolerated delay of "
                    + "\(validity) milliseconds."
            )
        }
        self.init(
            streamID: TopicID(high: high, low: low),
            streamName: name,
            ordinal: ordinal,
            offset: offset,
            minted: minted
        )
    }

    private static let invalid = KinesisError(.invalidArgument, "Invalid ShardIterator.")
}
