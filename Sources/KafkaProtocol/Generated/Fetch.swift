// Generated from Schemas/kafka/001-Fetch.kschema; do not edit.

package import Model
package import NIOCore

/// Fetch request, versions 4-18: records to read; sessions from 7, topics by ID from 13.
package struct FetchRequest: KafkaRequest {
    package typealias Response = FetchResponse

    package static var apiKey: APIKey { .fetch }
    package static var versions: ClosedRange<Int16> { 4...18 }
    package static var firstFlexibleVersion: Int16? { 12 }
    package static var minimumWireSize: Int { 21 }

    /// Versions 12+, tagged.
    package var clusterID: String?
    /// Versions 4-14.
    package var replicaID: BrokerID
    /// Versions 15+, tagged.
    package var replicaState: ReplicaState
    package var maxWaitMs: Int32
    package var minBytes: Int32
    package var maxBytes: Int32
    package var isolationLevel: Int8
    /// Versions 7+.
    package var sessionID: Int32
    /// Versions 7+.
    package var sessionEpoch: Int32
    package var topics: [Topic]
    /// Versions 7+.
    package var forgottenTopics: [ForgottenTopic]
    /// Versions 11+.
    package var rackID: String

    package init(
        clusterID: String? = nil,
        replicaID: BrokerID = BrokerID(rawValue: -1),
        replicaState: ReplicaState = ReplicaState(),
        maxWaitMs: Int32 = 0,
        minBytes: Int32 = 0,
        maxBytes: Int32 = 2147483647,
        isolationLevel: Int8 = 0,
        sessionID: Int32 = 0,
        sessionEpoch: Int32 = -1,
        topics: [Topic] = [],
        forgottenTopics: [ForgottenTopic] = [],
        rackID: String = ""
    ) {
        self.clusterID = clusterID
        self.replicaID = replicaID
        self.replicaState = replicaState
        self.maxWaitMs = maxWaitMs
        self.minBytes = minBytes
        self.maxBytes = maxBytes
        self.isolationLevel = isolationLevel
        self.sessionID = sessionID
        self.sessionEpoch = sessionEpoch
        self.topics = topics
        self.forgottenTopics = forgottenTopics
        self.rackID = rackID
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 12
        var message = Self()
        if version <= 14 {
            message.replicaID = try BrokerID.decode(from: &buffer, flexible: flexible)
        }
        message.maxWaitMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.minBytes = try Int32.decode(from: &buffer, flexible: flexible)
        message.maxBytes = try Int32.decode(from: &buffer, flexible: flexible)
        message.isolationLevel = try Int8.decode(from: &buffer, flexible: flexible)
        if version >= 7 {
            message.sessionID = try Int32.decode(from: &buffer, flexible: flexible)
            message.sessionEpoch = try Int32.decode(from: &buffer, flexible: flexible)
        }
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if version >= 7 {
            message.forgottenTopics = try ForgottenTopic.decodeArray(from: &buffer, version: version, flexible: flexible)
        }
        if version >= 11 {
            message.rackID = try String.decode(from: &buffer, flexible: flexible)
        }
        if flexible {
            for _ in 0..<(try buffer.readTaggedFieldCount()) {
                var field = try buffer.readTaggedField()
                switch field.tag {
                case 0:
                    message.clusterID = try String.decodeNullable(from: &field.payload, flexible: flexible)
                    try field.requireEnd()
                case 1 where version >= 15:
                    message.replicaState = try ReplicaState.decode(from: &field.payload, version: version)
                    try field.requireEnd()
                default: break
                }
            }
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 12
        if version <= 14 {
            self.replicaID.encode(into: &buffer, flexible: flexible)
        } else if self.replicaID != BrokerID(rawValue: -1) {
            unencodableField("FetchRequest.replicaID", version: version)
        }
        self.maxWaitMs.encode(into: &buffer, flexible: flexible)
        self.minBytes.encode(into: &buffer, flexible: flexible)
        self.maxBytes.encode(into: &buffer, flexible: flexible)
        self.isolationLevel.encode(into: &buffer, flexible: flexible)
        if version >= 7 {
            self.sessionID.encode(into: &buffer, flexible: flexible)
            self.sessionEpoch.encode(into: &buffer, flexible: flexible)
        }
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        if version >= 7 {
            self.forgottenTopics.encode(into: &buffer, version: version, flexible: flexible)
        } else if !self.forgottenTopics.isEmpty {
            unencodableField("FetchRequest.forgottenTopics", version: version)
        }
        if version >= 11 {
            self.rackID.encode(into: &buffer, flexible: flexible)
        }
        if !(version >= 15), self.replicaState != ReplicaState() {
            unencodableField("FetchRequest.replicaState", version: version)
        }
        if flexible {
            var tags: UInt32 = 0
            if self.clusterID != nil { tags += 1 }
            if version >= 15, self.replicaState != ReplicaState() { tags += 1 }
            buffer.writeUnsignedVarint(tags)
            if self.clusterID != nil {
                let start = buffer.beginTaggedField(0)
                String.encodeNullable(self.clusterID, into: &buffer, flexible: flexible)
                buffer.endTaggedField(start)
            }
            if version >= 15, self.replicaState != ReplicaState() {
                let start = buffer.beginTaggedField(1)
                self.replicaState.encode(into: &buffer, version: version)
                buffer.endTaggedField(start)
            }
        }
    }
}

extension FetchRequest {
    package struct ReplicaState: WireStruct {
        package static var minimumWireSize: Int { 13 }

        package var replicaID: BrokerID
        package var replicaEpoch: Int64

        package init(
            replicaID: BrokerID = BrokerID(rawValue: -1),
            replicaEpoch: Int64 = -1
        ) {
            self.replicaID = replicaID
            self.replicaEpoch = replicaEpoch
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.replicaID = try BrokerID.decode(from: &buffer, flexible: true)
            message.replicaEpoch = try Int64.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.replicaID.encode(into: &buffer, flexible: true)
            self.replicaEpoch.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension FetchRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        /// Versions 4-12.
        package var name: String
        /// Versions 13+.
        package var topicID: TopicID
        package var partitions: [Partition]

        package init(
            name: String = "",
            topicID: TopicID = .zero,
            partitions: [Partition] = []
        ) {
            self.name = name
            self.topicID = topicID
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 12
            var message = Self()
            if version <= 12 {
                message.name = try String.decode(from: &buffer, flexible: flexible)
            }
            if version >= 13 {
                message.topicID = try TopicID.decode(from: &buffer, flexible: flexible)
            }
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 12
            if version <= 12 {
                self.name.encode(into: &buffer, flexible: flexible)
            }
            if version >= 13 {
                self.topicID.encode(into: &buffer, flexible: flexible)
            }
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension FetchRequest {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 16 }

        package var partitionIndex: Int32
        /// Versions 9+.
        package var currentLeaderEpoch: LeaderEpoch
        package var fetchOffset: Int64
        /// Versions 12+.
        package var lastFetchedEpoch: LeaderEpoch
        /// Versions 5+.
        package var logStartOffset: Int64
        package var partitionMaxBytes: Int32
        /// Versions 17+, tagged.
        package var replicaDirectoryID: TopicID
        /// Versions 18+, tagged.
        package var highWatermark: Int64

        package init(
            partitionIndex: Int32 = 0,
            currentLeaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
            fetchOffset: Int64 = 0,
            lastFetchedEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
            logStartOffset: Int64 = -1,
            partitionMaxBytes: Int32 = 0,
            replicaDirectoryID: TopicID = .zero,
            highWatermark: Int64 = 9223372036854775807
        ) {
            self.partitionIndex = partitionIndex
            self.currentLeaderEpoch = currentLeaderEpoch
            self.fetchOffset = fetchOffset
            self.lastFetchedEpoch = lastFetchedEpoch
            self.logStartOffset = logStartOffset
            self.partitionMaxBytes = partitionMaxBytes
            self.replicaDirectoryID = replicaDirectoryID
            self.highWatermark = highWatermark
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 12
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            if version >= 9 {
                message.currentLeaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: flexible)
            }
            message.fetchOffset = try Int64.decode(from: &buffer, flexible: flexible)
            if version >= 12 {
                message.lastFetchedEpoch = try LeaderEpoch.decode(from: &buffer, flexible: flexible)
            }
            if version >= 5 {
                message.logStartOffset = try Int64.decode(from: &buffer, flexible: flexible)
            }
            message.partitionMaxBytes = try Int32.decode(from: &buffer, flexible: flexible)
            if flexible {
                for _ in 0..<(try buffer.readTaggedFieldCount()) {
                    var field = try buffer.readTaggedField()
                    switch field.tag {
                    case 0 where version >= 17:
                        message.replicaDirectoryID = try TopicID.decode(from: &field.payload, flexible: flexible)
                        try field.requireEnd()
                    case 1 where version >= 18:
                        message.highWatermark = try Int64.decode(from: &field.payload, flexible: flexible)
                        try field.requireEnd()
                    default: break
                    }
                }
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 12
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            if version >= 9 {
                self.currentLeaderEpoch.encode(into: &buffer, flexible: flexible)
            }
            self.fetchOffset.encode(into: &buffer, flexible: flexible)
            if version >= 12 {
                self.lastFetchedEpoch.encode(into: &buffer, flexible: flexible)
            } else if self.lastFetchedEpoch != LeaderEpoch(rawValue: -1) {
                unencodableField("FetchRequest.Partition.lastFetchedEpoch", version: version)
            }
            if version >= 5 {
                self.logStartOffset.encode(into: &buffer, flexible: flexible)
            }
            self.partitionMaxBytes.encode(into: &buffer, flexible: flexible)
            if flexible {
                var tags: UInt32 = 0
                if version >= 17, self.replicaDirectoryID != .zero { tags += 1 }
                if version >= 18, self.highWatermark != 9223372036854775807 { tags += 1 }
                buffer.writeUnsignedVarint(tags)
                if version >= 17, self.replicaDirectoryID != .zero {
                    let start = buffer.beginTaggedField(0)
                    self.replicaDirectoryID.encode(into: &buffer, flexible: flexible)
                    buffer.endTaggedField(start)
                }
                if version >= 18, self.highWatermark != 9223372036854775807 {
                    let start = buffer.beginTaggedField(1)
                    self.highWatermark.encode(into: &buffer, flexible: flexible)
                    buffer.endTaggedField(start)
                }
            }
        }
    }
}

extension FetchRequest {
    package struct ForgottenTopic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        /// Versions 7-12.
        package var name: String
        /// Versions 13+.
        package var topicID: TopicID
        package var partitions: [Int32]

        package init(
            name: String = "",
            topicID: TopicID = .zero,
            partitions: [Int32] = []
        ) {
            self.name = name
            self.topicID = topicID
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 12
            var message = Self()
            if version <= 12 {
                message.name = try String.decode(from: &buffer, flexible: flexible)
            }
            if version >= 13 {
                message.topicID = try TopicID.decode(from: &buffer, flexible: flexible)
            }
            message.partitions = try Int32.decodeArray(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 12
            if version <= 12 {
                self.name.encode(into: &buffer, flexible: flexible)
            }
            if version >= 13 {
                self.topicID.encode(into: &buffer, flexible: flexible)
            }
            self.partitions.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// Fetch response, versions 4-18: records to read; sessions from 7, topics by ID from 13.
package struct FetchResponse: KafkaResponse, WirePartedStruct {
    package static var apiKey: APIKey { .fetch }
    package static var versions: ClosedRange<Int16> { 4...18 }
    package static var firstFlexibleVersion: Int16? { 12 }
    package static var minimumWireSize: Int { 8 }

    package var throttleTimeMs: Int32
    /// Versions 7+.
    package var errorCode: ErrorCode
    /// Versions 7+.
    package var sessionID: Int32
    package var topics: [Topic]
    /// Versions 16+, tagged.
    package var nodeEndpoints: [NodeEndpoint]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        sessionID: Int32 = 0,
        topics: [Topic] = [],
        nodeEndpoints: [NodeEndpoint] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.sessionID = sessionID
        self.topics = topics
        self.nodeEndpoints = nodeEndpoints
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 12
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        if version >= 7 {
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.sessionID = try Int32.decode(from: &buffer, flexible: flexible)
        }
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            for _ in 0..<(try buffer.readTaggedFieldCount()) {
                var field = try buffer.readTaggedField()
                switch field.tag {
                case 0 where version >= 16:
                    message.nodeEndpoints = try NodeEndpoint.decodeArray(from: &field.payload, version: version, flexible: flexible)
                    try field.requireEnd()
                default: break
                }
            }
        }
        return message
    }

    package func encode(into parts: inout OutputParts, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 12
        self.throttleTimeMs.encode(into: &parts.buffer, flexible: flexible)
        if version >= 7 {
            self.errorCode.encode(into: &parts.buffer, flexible: flexible)
        }
        if version >= 7 {
            self.sessionID.encode(into: &parts.buffer, flexible: flexible)
        } else if self.sessionID != 0 {
            unencodableField("FetchResponse.sessionID", version: version)
        }
        self.topics.encode(into: &parts, version: version, flexible: flexible)
        if !(version >= 16), !self.nodeEndpoints.isEmpty {
            unencodableField("FetchResponse.nodeEndpoints", version: version)
        }
        if flexible {
            var tags: UInt32 = 0
            if version >= 16, !self.nodeEndpoints.isEmpty { tags += 1 }
            parts.buffer.writeUnsignedVarint(tags)
            if version >= 16, !self.nodeEndpoints.isEmpty {
                let start = parts.buffer.beginTaggedField(0)
                self.nodeEndpoints.encode(into: &parts.buffer, version: version, flexible: flexible)
                parts.buffer.endTaggedField(start)
            }
        }
    }
}

extension FetchResponse {
    package struct Topic: WirePartedStruct {
        package static var minimumWireSize: Int { 3 }

        /// Versions 4-12.
        package var name: String
        /// Versions 13+.
        package var topicID: TopicID
        package var partitions: [Partition]

        package init(
            name: String = "",
            topicID: TopicID = .zero,
            partitions: [Partition] = []
        ) {
            self.name = name
            self.topicID = topicID
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 12
            var message = Self()
            if version <= 12 {
                message.name = try String.decode(from: &buffer, flexible: flexible)
            }
            if version >= 13 {
                message.topicID = try TopicID.decode(from: &buffer, flexible: flexible)
            }
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into parts: inout OutputParts, version: Int16) {
            let flexible = version >= 12
            if version <= 12 {
                self.name.encode(into: &parts.buffer, flexible: flexible)
            }
            if version >= 13 {
                self.topicID.encode(into: &parts.buffer, flexible: flexible)
            }
            self.partitions.encode(into: &parts, version: version, flexible: flexible)
            if flexible {
                parts.buffer.writeNoTaggedFields()
            }
        }
    }
}

extension FetchResponse {
    package struct Partition: WirePartedStruct {
        package static var minimumWireSize: Int { 30 }

        package var partitionIndex: Int32
        package var errorCode: ErrorCode
        package var highWatermark: Int64
        package var lastStableOffset: Int64
        /// Versions 5+.
        package var logStartOffset: Int64
        /// Versions 12+, tagged.
        package var divergingEpoch: DivergingEpoch
        /// Versions 12+, tagged.
        package var currentLeader: CurrentLeader
        /// Versions 12+, tagged.
        package var snapshotID: SnapshotID
        package var abortedTransactions: [AbortedTransaction]?
        /// Versions 11+.
        package var preferredReadReplica: BrokerID
        package var records: RecordsParts?

        package init(
            partitionIndex: Int32 = 0,
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            highWatermark: Int64 = 0,
            lastStableOffset: Int64 = -1,
            logStartOffset: Int64 = -1,
            divergingEpoch: DivergingEpoch = DivergingEpoch(),
            currentLeader: CurrentLeader = CurrentLeader(),
            snapshotID: SnapshotID = SnapshotID(),
            abortedTransactions: [AbortedTransaction]? = nil,
            preferredReadReplica: BrokerID = BrokerID(rawValue: -1),
            records: RecordsParts? = nil
        ) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
            self.highWatermark = highWatermark
            self.lastStableOffset = lastStableOffset
            self.logStartOffset = logStartOffset
            self.divergingEpoch = divergingEpoch
            self.currentLeader = currentLeader
            self.snapshotID = snapshotID
            self.abortedTransactions = abortedTransactions
            self.preferredReadReplica = preferredReadReplica
            self.records = records
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 12
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.highWatermark = try Int64.decode(from: &buffer, flexible: flexible)
            message.lastStableOffset = try Int64.decode(from: &buffer, flexible: flexible)
            if version >= 5 {
                message.logStartOffset = try Int64.decode(from: &buffer, flexible: flexible)
            }
            message.abortedTransactions = try AbortedTransaction.decodeNullableArray(from: &buffer, version: version, flexible: flexible)
            if version >= 11 {
                message.preferredReadReplica = try BrokerID.decode(from: &buffer, flexible: flexible)
            }
            message.records = try RecordsParts.decodeNullable(from: &buffer, flexible: flexible)
            if flexible {
                for _ in 0..<(try buffer.readTaggedFieldCount()) {
                    var field = try buffer.readTaggedField()
                    switch field.tag {
                    case 0:
                        message.divergingEpoch = try DivergingEpoch.decode(from: &field.payload, version: version)
                        try field.requireEnd()
                    case 1:
                        message.currentLeader = try CurrentLeader.decode(from: &field.payload, version: version)
                        try field.requireEnd()
                    case 2:
                        message.snapshotID = try SnapshotID.decode(from: &field.payload, version: version)
                        try field.requireEnd()
                    default: break
                    }
                }
            }
            return message
        }

        package func encode(into parts: inout OutputParts, version: Int16) {
            let flexible = version >= 12
            self.partitionIndex.encode(into: &parts.buffer, flexible: flexible)
            self.errorCode.encode(into: &parts.buffer, flexible: flexible)
            self.highWatermark.encode(into: &parts.buffer, flexible: flexible)
            self.lastStableOffset.encode(into: &parts.buffer, flexible: flexible)
            if version >= 5 {
                self.logStartOffset.encode(into: &parts.buffer, flexible: flexible)
            }
            AbortedTransaction.encodeNullableArray(self.abortedTransactions, into: &parts.buffer, version: version, flexible: flexible)
            if version >= 11 {
                self.preferredReadReplica.encode(into: &parts.buffer, flexible: flexible)
            } else if self.preferredReadReplica != BrokerID(rawValue: -1) {
                unencodableField("FetchResponse.Partition.preferredReadReplica", version: version)
            }
            RecordsParts.encodeNullable(self.records, into: &parts, flexible: flexible)
            if !(version >= 12), self.divergingEpoch != DivergingEpoch() {
                unencodableField("FetchResponse.Partition.divergingEpoch", version: version)
            }
            if !(version >= 12), self.currentLeader != CurrentLeader() {
                unencodableField("FetchResponse.Partition.currentLeader", version: version)
            }
            if !(version >= 12), self.snapshotID != SnapshotID() {
                unencodableField("FetchResponse.Partition.snapshotID", version: version)
            }
            if flexible {
                var tags: UInt32 = 0
                if self.divergingEpoch != DivergingEpoch() { tags += 1 }
                if self.currentLeader != CurrentLeader() { tags += 1 }
                if self.snapshotID != SnapshotID() { tags += 1 }
                parts.buffer.writeUnsignedVarint(tags)
                if self.divergingEpoch != DivergingEpoch() {
                    let start = parts.buffer.beginTaggedField(0)
                    self.divergingEpoch.encode(into: &parts.buffer, version: version)
                    parts.buffer.endTaggedField(start)
                }
                if self.currentLeader != CurrentLeader() {
                    let start = parts.buffer.beginTaggedField(1)
                    self.currentLeader.encode(into: &parts.buffer, version: version)
                    parts.buffer.endTaggedField(start)
                }
                if self.snapshotID != SnapshotID() {
                    let start = parts.buffer.beginTaggedField(2)
                    self.snapshotID.encode(into: &parts.buffer, version: version)
                    parts.buffer.endTaggedField(start)
                }
            }
        }
    }
}

extension FetchResponse {
    package struct DivergingEpoch: WireStruct {
        package static var minimumWireSize: Int { 13 }

        package var epoch: LeaderEpoch
        package var endOffset: Int64

        package init(
            epoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
            endOffset: Int64 = -1
        ) {
            self.epoch = epoch
            self.endOffset = endOffset
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.epoch = try LeaderEpoch.decode(from: &buffer, flexible: true)
            message.endOffset = try Int64.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.epoch.encode(into: &buffer, flexible: true)
            self.endOffset.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension FetchResponse {
    package struct CurrentLeader: WireStruct {
        package static var minimumWireSize: Int { 9 }

        package var leaderID: BrokerID
        package var leaderEpoch: LeaderEpoch

        package init(
            leaderID: BrokerID = BrokerID(rawValue: -1),
            leaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1)
        ) {
            self.leaderID = leaderID
            self.leaderEpoch = leaderEpoch
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.leaderID = try BrokerID.decode(from: &buffer, flexible: true)
            message.leaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.leaderID.encode(into: &buffer, flexible: true)
            self.leaderEpoch.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension FetchResponse {
    package struct SnapshotID: WireStruct {
        package static var minimumWireSize: Int { 13 }

        package var endOffset: Int64
        package var epoch: LeaderEpoch

        package init(
            endOffset: Int64 = -1,
            epoch: LeaderEpoch = LeaderEpoch(rawValue: -1)
        ) {
            self.endOffset = endOffset
            self.epoch = epoch
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.endOffset = try Int64.decode(from: &buffer, flexible: true)
            message.epoch = try LeaderEpoch.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.endOffset.encode(into: &buffer, flexible: true)
            self.epoch.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension FetchResponse {
    package struct AbortedTransaction: WireStruct {
        package static var minimumWireSize: Int { 16 }

        package var producerID: ProducerID
        package var firstOffset: Int64

        package init(
            producerID: ProducerID = ProducerID(rawValue: 0),
            firstOffset: Int64 = 0
        ) {
            self.producerID = producerID
            self.firstOffset = firstOffset
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 12
            var message = Self()
            message.producerID = try ProducerID.decode(from: &buffer, flexible: flexible)
            message.firstOffset = try Int64.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 12
            self.producerID.encode(into: &buffer, flexible: flexible)
            self.firstOffset.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension FetchResponse {
    package struct NodeEndpoint: WireStruct {
        package static var minimumWireSize: Int { 11 }

        package var nodeID: BrokerID
        package var host: String
        package var port: Int32
        package var rack: String?

        package init(
            nodeID: BrokerID = BrokerID(rawValue: 0),
            host: String = "",
            port: Int32 = 0,
            rack: String? = nil
        ) {
            self.nodeID = nodeID
            self.host = host
            self.port = port
            self.rack = rack
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.nodeID = try BrokerID.decode(from: &buffer, flexible: true)
            message.host = try String.decode(from: &buffer, flexible: true)
            message.port = try Int32.decode(from: &buffer, flexible: true)
            message.rack = try String.decodeNullable(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.nodeID.encode(into: &buffer, flexible: true)
            self.host.encode(into: &buffer, flexible: true)
            self.port.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.rack, into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
