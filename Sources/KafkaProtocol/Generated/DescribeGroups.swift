// Generated from Schemas/kafka/015-DescribeGroups.kschema; do not edit.

package import Model
package import NIOCore

/// DescribeGroups request, versions 0-6: state and members of classic groups.
package struct DescribeGroupsRequest: KafkaRequest {
    package typealias Response = DescribeGroupsResponse

    package static var apiKey: APIKey { .describeGroups }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static var firstFlexibleVersion: Int16? { 5 }
    package static var minimumWireSize: Int { 3 }

    package var groupIDs: [GroupID]
    /// Versions 3+.
    package var includeAuthorizedOperations: Bool

    package init(
        groupIDs: [GroupID] = [],
        includeAuthorizedOperations: Bool = false
    ) {
        self.groupIDs = groupIDs
        self.includeAuthorizedOperations = includeAuthorizedOperations
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 5
        var message = Self()
        message.groupIDs = try GroupID.decodeArray(from: &buffer, flexible: flexible)
        if version >= 3 {
            message.includeAuthorizedOperations = try Bool.decode(from: &buffer, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 5
        self.groupIDs.encode(into: &buffer, flexible: flexible)
        if version >= 3 {
            self.includeAuthorizedOperations.encode(into: &buffer, flexible: flexible)
        } else if self.includeAuthorizedOperations {
            unencodableField("DescribeGroupsRequest.includeAuthorizedOperations", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

/// DescribeGroups response, versions 0-6: state and members of classic groups.
package struct DescribeGroupsResponse: KafkaResponse {
    package static var apiKey: APIKey { .describeGroups }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static var firstFlexibleVersion: Int16? { 5 }
    package static var minimumWireSize: Int { 4 }

    /// Versions 1+.
    package var throttleTimeMs: Int32
    package var groups: [Group]

    package init(
        throttleTimeMs: Int32 = 0,
        groups: [Group] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.groups = groups
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 5
        var message = Self()
        if version >= 1 {
            message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        }
        message.groups = try Group.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 5
        if version >= 1 {
            self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        }
        self.groups.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeGroupsResponse {
    package struct Group: WireStruct {
        package static var minimumWireSize: Int { 12 }

        package var errorCode: ErrorCode
        /// Versions 6+.
        package var errorMessage: String?
        package var groupID: GroupID
        package var groupState: String
        package var protocolType: String
        package var protocolData: String
        package var members: [Member]
        /// Versions 3+.
        package var authorizedOperations: Int32

        package init(
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil,
            groupID: GroupID = GroupID(rawValue: ""),
            groupState: String = "",
            protocolType: String = "",
            protocolData: String = "",
            members: [Member] = [],
            authorizedOperations: Int32 = -2147483648
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.groupID = groupID
            self.groupState = groupState
            self.protocolType = protocolType
            self.protocolData = protocolData
            self.members = members
            self.authorizedOperations = authorizedOperations
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 5
            var message = Self()
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            if version >= 6 {
                message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
            }
            message.groupID = try GroupID.decode(from: &buffer, flexible: flexible)
            message.groupState = try String.decode(from: &buffer, flexible: flexible)
            message.protocolType = try String.decode(from: &buffer, flexible: flexible)
            message.protocolData = try String.decode(from: &buffer, flexible: flexible)
            message.members = try Member.decodeArray(from: &buffer, version: version, flexible: flexible)
            if version >= 3 {
                message.authorizedOperations = try Int32.decode(from: &buffer, flexible: flexible)
            }
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 5
            self.errorCode.encode(into: &buffer, flexible: flexible)
            if version >= 6 {
                String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
            } else if self.errorMessage != nil {
                unencodableField("DescribeGroupsResponse.Group.errorMessage", version: version)
            }
            self.groupID.encode(into: &buffer, flexible: flexible)
            self.groupState.encode(into: &buffer, flexible: flexible)
            self.protocolType.encode(into: &buffer, flexible: flexible)
            self.protocolData.encode(into: &buffer, flexible: flexible)
            self.members.encode(into: &buffer, version: version, flexible: flexible)
            if version >= 3 {
                self.authorizedOperations.encode(into: &buffer, flexible: flexible)
            } else if self.authorizedOperations != -2147483648 {
                unencodableField("DescribeGroupsResponse.Group.authorizedOperations", version: version)
            }
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension DescribeGroupsResponse {
    package struct Member: WireStruct {
        package static var minimumWireSize: Int { 7 }

        package var memberID: MemberID
        /// Versions 4+.
        package var groupInstanceID: GroupInstanceID?
        package var clientID: String
        package var clientHost: String
        package var memberMetadata: ByteBuffer
        package var memberAssignment: ByteBuffer

        package init(
            memberID: MemberID = MemberID(rawValue: ""),
            groupInstanceID: GroupInstanceID? = nil,
            clientID: String = "",
            clientHost: String = "",
            memberMetadata: ByteBuffer = ByteBuffer(),
            memberAssignment: ByteBuffer = ByteBuffer()
        ) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
            self.clientID = clientID
            self.clientHost = clientHost
            self.memberMetadata = memberMetadata
            self.memberAssignment = memberAssignment
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 5
            var message = Self()
            message.memberID = try MemberID.decode(from: &buffer, flexible: flexible)
            if version >= 4 {
                message.groupInstanceID = try GroupInstanceID.decodeNullable(from: &buffer, flexible: flexible)
            }
            message.clientID = try String.decode(from: &buffer, flexible: flexible)
            message.clientHost = try String.decode(from: &buffer, flexible: flexible)
            message.memberMetadata = try ByteBuffer.decode(from: &buffer, flexible: flexible)
            message.memberAssignment = try ByteBuffer.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 5
            self.memberID.encode(into: &buffer, flexible: flexible)
            if version >= 4 {
                GroupInstanceID.encodeNullable(self.groupInstanceID, into: &buffer, flexible: flexible)
            }
            self.clientID.encode(into: &buffer, flexible: flexible)
            self.clientHost.encode(into: &buffer, flexible: flexible)
            self.memberMetadata.encode(into: &buffer, flexible: flexible)
            self.memberAssignment.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
