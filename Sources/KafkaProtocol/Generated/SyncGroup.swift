// Generated from Schemas/kafka/014-SyncGroup.kschema; do not edit.

package import Model
package import NIOCore

/// SyncGroup request, versions 0-5: hands out and collects the assignment of a generation.
package struct SyncGroupRequest: KafkaRequest {
    package typealias Response = SyncGroupResponse

    package static var apiKey: APIKey { .syncGroup }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 4 }
    package static var minimumWireSize: Int { 9 }

    package var groupID: GroupID
    package var generationID: GenerationID
    package var memberID: MemberID
    /// Versions 3+.
    package var groupInstanceID: GroupInstanceID?
    /// Versions 5+.
    package var protocolType: String?
    /// Versions 5+.
    package var protocolName: String?
    package var assignments: [Assignment]

    package init(
        groupID: GroupID = GroupID(rawValue: ""),
        generationID: GenerationID = GenerationID(rawValue: 0),
        memberID: MemberID = MemberID(rawValue: ""),
        groupInstanceID: GroupInstanceID? = nil,
        protocolType: String? = nil,
        protocolName: String? = nil,
        assignments: [Assignment] = []
    ) {
        self.groupID = groupID
        self.generationID = generationID
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.assignments = assignments
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 4
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: flexible)
        message.generationID = try GenerationID.decode(from: &buffer, flexible: flexible)
        message.memberID = try MemberID.decode(from: &buffer, flexible: flexible)
        if version >= 3 {
            message.groupInstanceID = try GroupInstanceID.decodeNullable(from: &buffer, flexible: flexible)
        }
        if version >= 5 {
            message.protocolType = try String.decodeNullable(from: &buffer, flexible: flexible)
            message.protocolName = try String.decodeNullable(from: &buffer, flexible: flexible)
        }
        message.assignments = try Assignment.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 4
        self.groupID.encode(into: &buffer, flexible: flexible)
        self.generationID.encode(into: &buffer, flexible: flexible)
        self.memberID.encode(into: &buffer, flexible: flexible)
        if version >= 3 {
            GroupInstanceID.encodeNullable(self.groupInstanceID, into: &buffer, flexible: flexible)
        } else if self.groupInstanceID != nil {
            unencodableField("SyncGroupRequest.groupInstanceID", version: version)
        }
        if version >= 5 {
            String.encodeNullable(self.protocolType, into: &buffer, flexible: flexible)
            String.encodeNullable(self.protocolName, into: &buffer, flexible: flexible)
        }
        self.assignments.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension SyncGroupRequest {
    package struct Assignment: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var memberID: MemberID
        package var assignment: ByteBuffer

        package init(
            memberID: MemberID = MemberID(rawValue: ""),
            assignment: ByteBuffer = ByteBuffer()
        ) {
            self.memberID = memberID
            self.assignment = assignment
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 4
            var message = Self()
            message.memberID = try MemberID.decode(from: &buffer, flexible: flexible)
            message.assignment = try ByteBuffer.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 4
            self.memberID.encode(into: &buffer, flexible: flexible)
            self.assignment.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// SyncGroup response, versions 0-5: hands out and collects the assignment of a generation.
package struct SyncGroupResponse: KafkaResponse {
    package static var apiKey: APIKey { .syncGroup }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 4 }
    package static var minimumWireSize: Int { 6 }

    /// Versions 1+.
    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    /// Versions 5+.
    package var protocolType: String?
    /// Versions 5+.
    package var protocolName: String?
    package var assignment: ByteBuffer

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        protocolType: String? = nil,
        protocolName: String? = nil,
        assignment: ByteBuffer = ByteBuffer()
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.assignment = assignment
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
        if version >= 5 {
            message.protocolType = try String.decodeNullable(from: &buffer, flexible: flexible)
            message.protocolName = try String.decodeNullable(from: &buffer, flexible: flexible)
        }
        message.assignment = try ByteBuffer.decode(from: &buffer, flexible: flexible)
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
        if version >= 5 {
            String.encodeNullable(self.protocolType, into: &buffer, flexible: flexible)
            String.encodeNullable(self.protocolName, into: &buffer, flexible: flexible)
        }
        self.assignment.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}
