// Generated from Schemas/records/OffsetCommit.kschema; do not edit.

package import Model
package import NIOCore

/// OffsetCommitKey, versions 0-1: key of a committed offset in __consumer_offsets; 0 and 1 look the same.
package struct OffsetCommitKey: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var minimumWireSize: Int { 8 }

    package var groupID: GroupID
    package var topicName: String
    package var partitionIndex: Int32

    package init(
        groupID: GroupID = GroupID(rawValue: ""),
        topicName: String = "",
        partitionIndex: Int32 = 0
    ) {
        self.groupID = groupID
        self.topicName = topicName
        self.partitionIndex = partitionIndex
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: false)
        message.topicName = try String.decode(from: &buffer, flexible: false)
        message.partitionIndex = try Int32.decode(from: &buffer, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.groupID.encode(into: &buffer, flexible: false)
        self.topicName.encode(into: &buffer, flexible: false)
        self.partitionIndex.encode(into: &buffer, flexible: false)
    }
}

/// OffsetCommitValue, versions 0-4: value of a committed offset.
package struct OffsetCommitValue: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var minimumWireSize: Int { 18 }

    package var offset: Int64
    /// Versions 3+.
    package var leaderEpoch: LeaderEpoch
    package var metadata: String
    package var commitTimestamp: Int64
    /// Versions 1.
    package var expireTimestamp: Int64
    /// Versions 4+, tagged.
    package var topicID: TopicID

    package init(
        offset: Int64 = 0,
        leaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
        metadata: String = "",
        commitTimestamp: Int64 = 0,
        expireTimestamp: Int64 = -1,
        topicID: TopicID = .zero
    ) {
        self.offset = offset
        self.leaderEpoch = leaderEpoch
        self.metadata = metadata
        self.commitTimestamp = commitTimestamp
        self.expireTimestamp = expireTimestamp
        self.topicID = topicID
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 4
        var message = Self()
        message.offset = try Int64.decode(from: &buffer, flexible: flexible)
        if version >= 3 {
            message.leaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: flexible)
        }
        message.metadata = try String.decode(from: &buffer, flexible: flexible)
        message.commitTimestamp = try Int64.decode(from: &buffer, flexible: flexible)
        if version == 1 {
            message.expireTimestamp = try Int64.decode(from: &buffer, flexible: flexible)
        }
        if flexible {
            for _ in 0..<(try buffer.readTaggedFieldCount()) {
                var field = try buffer.readTaggedField()
                switch field.tag {
                case 0:
                    message.topicID = try TopicID.decode(from: &field.payload, flexible: flexible)
                    try field.requireEnd()
                default: break
                }
            }
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 4
        self.offset.encode(into: &buffer, flexible: flexible)
        if version >= 3 {
            self.leaderEpoch.encode(into: &buffer, flexible: flexible)
        }
        self.metadata.encode(into: &buffer, flexible: flexible)
        self.commitTimestamp.encode(into: &buffer, flexible: flexible)
        if version == 1 {
            self.expireTimestamp.encode(into: &buffer, flexible: flexible)
        }
        if flexible {
            var tags: UInt32 = 0
            if self.topicID != .zero { tags += 1 }
            buffer.writeUnsignedVarint(tags)
            if self.topicID != .zero {
                let start = buffer.beginTaggedField(0)
                self.topicID.encode(into: &buffer, flexible: flexible)
                buffer.endTaggedField(start)
            }
        }
    }
}
