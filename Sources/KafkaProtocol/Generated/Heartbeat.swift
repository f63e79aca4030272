// Generated from Schemas/kafka/012-Heartbeat.kschema; do not edit.

package import Model
package import NIOCore

/// Heartbeat request, versions 0-4: group member liveness.
package struct HeartbeatRequest: KafkaRequest {
    package typealias Response = HeartbeatResponse

    package static var apiKey: APIKey { .heartbeat }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var firstFlexibleVersion: Int16? { 4 }
    package static var minimumWireSize: Int { 8 }

    package var groupID: GroupID
    package var generationID: GenerationID
    package var memberID: MemberID
    /// Versions 3+.
    package var groupInstanceID: GroupInstanceID?

    package init(
        groupID: GroupID = GroupID(rawValue: ""),
        generationID: GenerationID = GenerationID(rawValue: 0),
        memberID: MemberID = MemberID(rawValue: ""),
        groupInstanceID: GroupInstanceID? = nil
    ) {
        self.groupID = groupID
        self.generationID = generationID
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
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
            unencodableField("HeartbeatRequest.groupInstanceID", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

/// Heartbeat response, versions 0-4: group member liveness.
package struct HeartbeatResponse: KafkaResponse {
    package static var apiKey: APIKey { .heartbeat }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var firstFlexibleVersion: Int16? { 4 }
    package static var minimumWireSize: Int { 2 }

    /// Versions 1+.
    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0)
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
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
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}
