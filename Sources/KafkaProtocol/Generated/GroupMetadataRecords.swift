// Generated from Schemas/records/GroupMetadata.kschema; do not edit.

package import Model
package import NIOCore

/// GroupMetadataKey, version 2: key of a classic group in __consumer_offsets.
package struct GroupMetadataKey: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 2...2 }
    package static var minimumWireSize: Int { 2 }

    package var groupID: GroupID

    package init(
        groupID: GroupID = GroupID(rawValue: "")
    ) {
        self.groupID = groupID
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.groupID.encode(into: &buffer, flexible: false)
    }
}

/// GroupMetadataValue, versions 0-4: state of a classic group.
package struct GroupMetadataValue: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var minimumWireSize: Int { 14 }

    package var protocolType: String
    package var generationID: GenerationID
    package var protocolName: String?
    package var leaderID: MemberID?
    /// Versions 2+.
    package var currentStateTimestamp: Int64
    package var members: [Member]

    package init(
        protocolType: String = "",
        generationID: GenerationID = GenerationID(rawValue: 0),
        protocolName: String? = nil,
        leaderID: MemberID? = nil,
        currentStateTimestamp: Int64 = -1,
        members: [Member] = []
    ) {
        self.protocolType = protocolType
        self.generationID = generationID
        self.protocolName = protocolName
        self.leaderID = leaderID
        self.currentStateTimestamp = currentStateTimestamp
        self.members = members
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 4
        var message = Self()
        message.protocolType = try String.decode(from: &buffer, flexible: flexible)
        message.generationID = try GenerationID.decode(from: &buffer, flexible: flexible)
        message.protocolName = try String.decodeNullable(from: &buffer, flexible: flexible)
        message.leaderID = try MemberID.decodeNullable(from: &buffer, flexible: flexible)
        if version >= 2 {
            message.currentStateTimestamp = try Int64.decode(from: &buffer, flexible: flexible)
        }
        message.members = try Member.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 4
        self.protocolType.encode(into: &buffer, flexible: flexible)
        self.generationID.encode(into: &buffer, flexible: flexible)
        String.encodeNullable(self.protocolName, into: &buffer, flexible: flexible)
        MemberID.encodeNullable(self.leaderID, into: &buffer, flexible: flexible)
        if version >= 2 {
            self.currentStateTimestamp.encode(into: &buffer, flexible: flexible)
        }
        self.members.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension GroupMetadataValue {
    package struct Member: WireStruct {
        package static var minimumWireSize: Int { 15 }

        package var memberID: MemberID
        /// Versions 3+.
        package var groupInstanceID: GroupInstanceID?
        package var clientID: String
        package var clientHost: String
        /// Versions 1+.
        package var rebalanceTimeout: Int32
        package var sessionTimeout: Int32
        package var subscription: ByteBuffer
        package var assignment: ByteBuffer

        package init(
            memberID: MemberID = MemberID(rawValue: ""),
            groupInstanceID: GroupInstanceID? = nil,
            clientID: String = "",
            clientHost: String = "",
            rebalanceTimeout: Int32 = -1,
            sessionTimeout: Int32 = 0,
            subscription: ByteBuffer = ByteBuffer(),
            assignment: ByteBuffer = ByteBuffer()
        ) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
            self.clientID = clientID
            self.clientHost = clientHost
            self.rebalanceTimeout = rebalanceTimeout
            self.sessionTimeout = sessionTimeout
            self.subscription = subscription
            self.assignment = assignment
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 4
            var message = Self()
            message.memberID = try MemberID.decode(from: &buffer, flexible: flexible)
            if version >= 3 {
                message.groupInstanceID = try GroupInstanceID.decodeNullable(from: &buffer, flexible: flexible)
            }
            message.clientID = try String.decode(from: &buffer, flexible: flexible)
            message.clientHost = try String.decode(from: &buffer, flexible: flexible)
            if version >= 1 {
                message.rebalanceTimeout = try Int32.decode(from: &buffer, flexible: flexible)
            }
            message.sessionTimeout = try Int32.decode(from: &buffer, flexible: flexible)
            message.subscription = try ByteBuffer.decode(from: &buffer, flexible: flexible)
            message.assignment = try ByteBuffer.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 4
            self.memberID.encode(into: &buffer, flexible: flexible)
            if version >= 3 {
                GroupInstanceID.encodeNullable(self.groupInstanceID, into: &buffer, flexible: flexible)
            }
            self.clientID.encode(into: &buffer, flexible: flexible)
            self.clientHost.encode(into: &buffer, flexible: flexible)
            if version >= 1 {
                self.rebalanceTimeout.encode(into: &buffer, flexible: flexible)
            }
            self.sessionTimeout.encode(into: &buffer, flexible: flexible)
            self.subscription.encode(into: &buffer, flexible: flexible)
            self.assignment.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
