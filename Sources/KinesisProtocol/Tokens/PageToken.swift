package import Model
internal import Text

/// Where the next page of ListShards begins, with the request that it continues.
package struct ShardPageToken: Sendable, Equatable {
    package var streamID: TopicID
    package var streamName: String
    /// The last shard of the page before.
    package var after: UInt32
    package var filter: ShardFilter?
    package var minted: Timestamp

    package init(streamID: TopicID, streamName: String, after: UInt32, filter: ShardFilter?, minted: Timestamp) {
        self.streamID = streamID
        self.streamName = streamName
        self.after = after
        self.filter = filter
        self.minted = minted
    }

    package func sealed(by sealer: TokenSealer) -> String {
        var payload: [UInt8] = []
        payload.append(bigEndian: self.minted)
        payload.append(bigEndian: self.streamID.high)
        payload.append(bigEndian: self.streamID.low)
        payload.append(lengthPrefixed: self.streamName)
        payload.append(bigEndian: self.after)
        payload.append(lengthPrefixed: self.filter?.type.rawValue ?? "")
        payload.append(lengthPrefixed: self.filter?.shardID ?? "")
        payload.append(bigEndian: self.filter?.timestamp ?? 0)
        return sealer.seal(payload, for: .listShards)
    }

    /// - Throws: `InvalidArgumentException` for a forged token, `ExpiredNextTokenException` for an old one.
    package init(_ token: String, sealer: TokenSealer, now: Timestamp, validity: Int64) throws(KinesisError) {
        guard let payload = sealer.open(token, for: .listShards) else { throw PageTokens.invalid }
        var reader = PayloadReader(payload)
        guard let minted = reader.integer(as: Int64.self),
            let high = reader.integer(as: UInt64.self), let low = reader.integer(as: UInt64.self),
            let name = reader.string(), let after = reader.integer(as: UInt32.self),
            let type = reader.string(), let shardID = reader.string(), let timestamp = reader.integer(as: Int64.self)
        else { throw PageTokens.invalid }
        try PageTokens.checkAge(minted: minted, now: now, validity: validity)
        self.init(
            streamID: TopicID(high: high, low: low),
            streamName: name,
            after: after,
            filter: ShardFilterType(rawValue: type).map {
                ShardFilter(type: $0, shardID: shardID.isEmpty ? nil : shardID, timestamp: timestamp)
            },
            minted: minted
        )
    }
}

/// Where the next page of ListStreams begins.
package struct StreamPageToken: Sendable, Equatable {
    /// The last name of the page before.
    package var after: String
    package var minted: Timestamp

    package init(after: String, minted: Timestamp) {
        self.after = after
        self.minted = minted
    }

    package func sealed(by sealer: TokenSealer) -> String {
        var payload: [UInt8] = []
        payload.append(bigEndian: self.minted)
        payload.append(lengthPrefixed: self.after)
        return sealer.seal(payload, for: .listStreams)
    }

    /// - Throws: `InvalidArgumentException` for a forged token, `ExpiredNextTokenException` for an old one.
    package init(_ token: String, sealer: TokenSealer, now: Timestamp, validity: Int64) throws(KinesisError) {
        guard let payload = sealer.open(token, for: .listStreams) else { throw PageTokens.invalid }
        var reader = PayloadReader(payload)
        guard let minted = reader.integer(as: Int64.self), let after = reader.string() else { throw PageTokens.invalid }
        try PageTokens.checkAge(minted: minted, now: now, validity: validity)
        self.init(after: after, minted: minted)
    }
}

/// Where the next page of ListStreamConsumers begins.
package struct ConsumerPageToken: Sendable, Equatable {
    package var streamID: TopicID
    /// The last name of the page before.
    package var after: String
    package var minted: Timestamp

    package init(streamID: TopicID, after: String, minted: Timestamp) {
        self.streamID = streamID
        self.after = after
        self.minted = minted
    }

    package func sealed(by sealer: TokenSealer) -> String {
        var payload: [UInt8] = []
        payload.append(bigEndian: self.minted)
        payload.append(bigEndian: self.streamID.high)
        payload.append(bigEndian: self.streamID.low)
        payload.append(lengthPrefixed: self.after)
        return sealer.seal(payload, for: .listConsumers)
    }

    /// - Throws: `InvalidArgumentException` for a forged token, `ExpiredNextTokenException` for an old one.
    package init(_ token: String, sealer: TokenSealer, now: Timestamp, validity: Int64) throws(KinesisError) {
        guard let payload = sealer.open(token, for: .listConsumers) else { throw PageTokens.invalid }
        var reader = PayloadReader(payload)
        guard let minted = reader.integer(as: Int64.self), let high = reader.integer(as: UInt64.self),
            let low = reader.integer(as: UInt64.self), let after = reader.string()
        else { throw PageTokens.invalid }
        try PageTokens.checkAge(minted: minted, now: now, validity: validity)
        self.init(streamID: TopicID(high: high, low: low), after: after, minted: minted)
    }
}

private enum PageTokens {
    static let invalid = KinesisError(.invalidArgument, "NextToken is invalid.")

    static func checkAge(minted: Timestamp, now: Timestamp, validity: Int64) throws(KinesisError) {
        let (age, overflow) = now.subtractingReportingOverflow(minted)
        guard !overflow, age <= validity else {
            throw KinesisError(
                .expiredNextToken,
                "NextToken expired. It was created at time \(CalendarTime(minted)) while right now it is "
                    + "\(CalendarTime(now)) which is further in the future than the tolerated delay of "
                    + "\(validity) milliseconds."
            )
        }
    }
}
