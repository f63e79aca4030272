// Generated from Schemas/kafka/013-LeaveGroup.kschema; do not edit.

package import Model
package import NIOCore

/// LeaveGroup request, versions 0-5: leaves a classic group; several members from 3.
package struct LeaveGroupRequest: KafkaRequest {
    package typealias Response = LeaveGroupResponse

    package static var apiKey: APIKey { .leaveGroup }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 4 }
    package static var minimumWireSize: Int { 3 }

    package var groupID: GroupID
    /// Versions 0-2.
    package var memberID: MemberID
    /// Versions 3+.
    package var members: [Member]

    package init(
        groupID: GroupID = GroupID(rawValue: ""),
        memberID: MemberID = MemberID(rawValue: ""),
        members: [Member] = []
    ) {
        self.groupID = groupID
        self.memberID = memberID
        self.members = members
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 4
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: flexible)
        if version <= 2 {
            message.memberID = try MemberID.decode(from: &buffer, flexible: flexible)
        }
        if version >= 3 {
            message.members = try Member.decodeArray(from: &buffer, version: version, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 4
        self.groupID.encode(into: &buffer, flexible: flexible)
        if version <= 2 {
            self.memberID.encode(into: &buffer, flexible: flexible)
        } else if self.memberID != MemberID(rawValue: "") {
            unencodableField("LeaveGroupRequest.memberID", version: version)
        }
        if version >= 3 {
            self.members.encode(into: &buffer, version: version, flexible: flexible)
        } else if !self.members.isEmpty {
            unencodableField("LeaveGroupRequest.members", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension LeaveGroupRequest {
    package struct Member: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var memberID: MemberID
        package var groupInstanceID: GroupInstanceID?
        /// Versions 5+.
        package var reason: String?

        package init(
            memberID: MemberID = MemberID(rawValue: ""),
            groupInstanceID: GroupInstanceID? = nil,
            reason: String? = nil
        ) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
            self.reason = reason
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 4
            var message = Self()
            message.memberID = try MemberID.decode(from: &buffer, flexible: flexible)
            message.groupInstanceID = try GroupInstanceID.decodeNullable(from: &buffer, flexible: flexible)
            if version >= 5 {
                message.reason = try String.decodeNullable(from: &buffer, flexible: flexible)
            }
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 4
            self.memberID.encode(into: &buffer, flexible: flexible)
            GroupInstanceID.encodeNullable(self.groupInstanceID, into: &buffer, flexible: flexible)
            if version >= 5 {
                String.encodeNullable(self.reason, into: &buffer, flexible: flexible)
            }
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// LeaveGroup response, versions 0-5: leaves a classic group; several members from 3.
package struct LeaveGroupResponse: KafkaResponse {
    package static var apiKey: APIKey { .leaveGroup }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 4 }
    package static var minimumWireSize: Int { 2 }

    /// Versions 1+.
    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    /// Versions 3+.
    package var members: [Member]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        members: [Member] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.members = members
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 4
        var message = Self()
        if version >= 1 {
            message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        }
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        if version >= 3 {
            message.members = try Member.decodeArray(from: &buffer, version: version, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 4
        if version >= 1 {
            self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        }
        self.errorCode.encode(into: &buffer, flexible: flexible)
        if version >= 3 {
            self.members.encode(into: &buffer, version: version, flexible: flexible)
        } else if !self.members.isEmpty {
            unencodableField("LeaveGroupResponse.members", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension LeaveGroupResponse {
    package struct Member: WireStruct {
        package static var minimumWireSize: Int { 5 }

        package var memberID: MemberID
        package var groupInstanceID: GroupInstanceID?
        package var errorCode: ErrorCode

        package init(
            memberID: MemberID = MemberID(rawValue: ""),
            groupInstanceID: GroupInstanceID? = nil,
            errorCode: ErrorCode = ErrorCode(rawValue: 0)
        ) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
            self.errorCode = errorCode
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 4
            var message = Self()
            message.memberID = try MemberID.decode(from: &buffer, flexible: flexible)
            message.groupInstanceID = try GroupInstanceID.decodeNullable(from: &buffer, flexible: flexible)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 4
            self.memberID.encode(into: &buffer, flexible: flexible)
            GroupInstanceID.encodeNullable(self.groupInstanceID, into: &buffer, flexible: flexible)
            self.errorCode.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
