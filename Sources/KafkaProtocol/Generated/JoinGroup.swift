// Generated from Schemas/kafka/011-JoinGroup.kschema; do not edit.

package import Model
package import NIOCore

/// JoinGroup request, versions 0-9: joins a classic group and waits for the rebalance.
package struct JoinGroupRequest: KafkaRequest {
    package typealias Response = JoinGroupResponse

    package static var apiKey: APIKey { .joinGroup }
    package static var versions: ClosedRange<Int16> { 0...9 }
    package static var firstFlexibleVersion: Int16? { 6 }
    package static var minimumWireSize: Int { 14 }

    package var groupID: GroupID
    package var sessionTimeoutMs: Int32
    /// Versions 1+.
    package var rebalanceTimeoutMs: Int32
    package var memberID: MemberID
    /// Versions 5+.
    package var groupInstanceID: GroupInstanceID?
    package var protocolType: String
    package var protocols: [GroupProtocol]
    /// Versions 8+.
    package var reason: String?

    package init(
        groupID: GroupID = GroupID(rawValue: ""),
        sessionTimeoutMs: Int32 = 0,
        rebalanceTimeoutMs: Int32 = -1,
        memberID: MemberID = MemberID(rawValue: ""),
        groupInstanceID: GroupInstanceID? = nil,
        protocolType: String = "",
        protocols: [GroupProtocol] = [],
        reason: String? = nil
    ) {
        self.groupID = groupID
        self.sessionTimeoutMs = sessionTimeoutMs
        self.rebalanceTimeoutMs = rebalanceTimeoutMs
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
        self.protocolType = protocolType
        self.protocols = protocols
        self.reason = reason
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 6
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: flexible)
        message.sessionTimeoutMs = try Int32.decode(from: &buffer, flexible: flexible)
        if version >= 1 {
            message.rebalanceTimeoutMs = try Int32.decode(from: &buffer, flexible: flexible)
        }
        message.memberID = try MemberID.decode(from: &buffer, flexible: flexible)
        if version >= 5 {
            message.groupInstanceID = try GroupInstanceID.decodeNullable(from: &buffer, flexible: flexible)
        }
        message.protocolType = try String.decode(from: &buffer, flexible: flexible)
        message.protocols = try GroupProtocol.decodeArray(from: &buffer, version: version, flexible: flexible)
        if version >= 8 {
            message.reason = try String.decodeNullable(from: &buffer, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 6
        self.groupID.encode(into: &buffer, flexible: flexible)
        self.sessionTimeoutMs.encode(into: &buffer, flexible: flexible)
        if version >= 1 {
            self.rebalanceTimeoutMs.encode(into: &buffer, flexible: flexible)
        }
        self.memberID.encode(into: &buffer, flexible: flexible)
        if version >= 5 {
            GroupInstanceID.encodeNullable(self.groupInstanceID, into: &buffer, flexible: flexible)
        } else if self.groupInstanceID != nil {
            unencodableField("JoinGroupRequest.groupInstanceID", version: version)
        }
        self.protocolType.encode(into: &buffer, flexible: flexible)
        self.protocols.encode(into: &buffer, version: version, flexible: flexible)
        if version >= 8 {
            String.encodeNullable(self.reason, into: &buffer, flexible: flexible)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension JoinGroupRequest {
    package struct GroupProtocol: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var name: String
        package var metadata: ByteBuffer

        package init(
            name: String = "",
            metadata: ByteBuffer = ByteBuffer()
        ) {
            self.name = name
            self.metadata = metadata
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 6
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.metadata = try ByteBuffer.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 6
            self.name.encode(into: &buffer, flexible: flexible)
            self.metadata.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// JoinGroup response, versions 0-9: joins a classic group and waits for the rebalance.
package struct JoinGroupResponse: KafkaResponse {
    package static var apiKey: APIKey { .joinGroup }
    package static var versions: ClosedRange<Int16> { 0...9 }
    package static var firstFlexibleVersion: Int16? { 6 }
    package static var minimumWireSize: Int { 15 }

    /// Versions 2+.
    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var generationID: GenerationID
    /// Versions 7+.
    package var protocolType: String?
    package var protocolName: String?
    package var leaderID: MemberID
    /// Versions 9+.
    package var skipAssignment: Bool
    package var memberID: MemberID
    package var members: [Member]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        generationID: GenerationID = GenerationID(rawValue: -1),
        protocolType: String? = nil,
        protocolName: String? = "",
        leaderID: MemberID = MemberID(rawValue: ""),
        skipAssignment: Bool = false,
        memberID: MemberID = MemberID(rawValue: ""),
        members: [Member] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.generationID = generationID
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.leaderID = leaderID
        self.skipAssignment = skipAssignment
        self.memberID = memberID
        self.members = members
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 6
        var message = Self()
        if version >= 2 {
            message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        }
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        message.generationID = try GenerationID.decode(from: &buffer, flexible: flexible)
        if version >= 7 {
            message.protocolType = try String.decodeNullable(from: &buffer, flexible: flexible)
        }
        message.protocolName = try version >= 7 ? String.decodeNullable(from: &buffer, flexible: flexible) : String.decode(from: &buffer, flexible: flexible)
        message.leaderID = try MemberID.decode(from: &buffer, flexible: flexible)
        if version >= 9 {
            message.skipAssignment = try Bool.decode(from: &buffer, flexible: flexible)
        }
        message.memberID = try MemberID.decode(from: &buffer, flexible: flexible)
        message.members = try Member.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 6
        if version >= 2 {
            self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        }
        self.errorCode.encode(into: &buffer, flexible: flexible)
        self.generationID.encode(into: &buffer, flexible: flexible)
        if version >= 7 {
            String.encodeNullable(self.protocolType, into: &buffer, flexible: flexible)
        }
        if version >= 7 {
            String.encodeNullable(self.protocolName, into: &buffer, flexible: flexible)
        } else if let value = self.protocolName {
            value.encode(into: &buffer, flexible: flexible)
        } else {
            unencodableField("JoinGroupResponse.protocolName", version: version)
        }
        self.leaderID.encode(into: &buffer, flexible: flexible)
        if version >= 9 {
            self.skipAssignment.encode(into: &buffer, flexible: flexible)
        } else if self.skipAssignment {
            unencodableField("JoinGroupResponse.skipAssignment", version: version)
        }
        self.memberID.encode(into: &buffer, flexible: flexible)
        self.members.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension JoinGroupResponse {
    package struct Member: WireStruct {
        package static var minimumWireSize: Int { 4 }

        package var memberID: MemberID
        /// Versions 5+.
        package var groupInstanceID: GroupInstanceID?
        package var metadata: ByteBuffer

        package init(
            memberID: MemberID = MemberID(rawValue: ""),
            groupInstanceID: GroupInstanceID? = nil,
            metadata: ByteBuffer = ByteBuffer()
        ) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
            self.metadata = metadata
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 6
            var message = Self()
            message.memberID = try MemberID.decode(from: &buffer, flexible: flexible)
            if version >= 5 {
                message.groupInstanceID = try GroupInstanceID.decodeNullable(from: &buffer, flexible: flexible)
            }
            message.metadata = try ByteBuffer.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 6
            self.memberID.encode(into: &buffer, flexible: flexible)
            if version >= 5 {
                GroupInstanceID.encodeNullable(self.groupInstanceID, into: &buffer, flexible: flexible)
            }
            self.metadata.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
