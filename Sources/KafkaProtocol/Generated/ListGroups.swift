// Generated from Schemas/kafka/016-ListGroups.kschema; do not edit.

package import Model
package import NIOCore

/// ListGroups request, versions 0-5: groups that this broker coordinates; filters by state from 4, by type from 5.
package struct ListGroupsRequest: KafkaRequest {
    package typealias Response = ListGroupsResponse

    package static var apiKey: APIKey { .listGroups }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 3 }
    package static var minimumWireSize: Int { 0 }

    /// Versions 4+.
    package var statesFilter: [String]
    /// Versions 5+.
    package var typesFilter: [String]

    package init(
        statesFilter: [String] = [],
        typesFilter: [String] = []
    ) {
        self.statesFilter = statesFilter
        self.typesFilter = typesFilter
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 3
        var message = Self()
        if version >= 4 {
            message.statesFilter = try String.decodeArray(from: &buffer, flexible: flexible)
        }
        if version >= 5 {
            message.typesFilter = try String.decodeArray(from: &buffer, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 3
        if version >= 4 {
            self.statesFilter.encode(into: &buffer, flexible: flexible)
        } else if !self.statesFilter.isEmpty {
            unencodableField("ListGroupsRequest.statesFilter", version: version)
        }
        if version >= 5 {
            self.typesFilter.encode(into: &buffer, flexible: flexible)
        } else if !self.typesFilter.isEmpty {
            unencodableField("ListGroupsRequest.typesFilter", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

/// ListGroups response, versions 0-5: groups that this broker coordinates; filters by state from 4, by type from 5.
package struct ListGroupsResponse: KafkaResponse {
    package static var apiKey: APIKey { .listGroups }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 3 }
    package static var minimumWireSize: Int { 6 }

    /// Versions 1+.
    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var groups: [Group]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        groups: [Group] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.groups = groups
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 3
        var message = Self()
        if version >= 1 {
            message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        }
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        message.groups = try Group.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 3
        if version >= 1 {
            self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        }
        self.errorCode.encode(into: &buffer, flexible: flexible)
        self.groups.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension ListGroupsResponse {
    package struct Group: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var groupID: GroupID
        package var protocolType: String
        /// Versions 4+.
        package var groupState: String
        /// Versions 5+.
        package var groupType: String

        package init(
            groupID: GroupID = GroupID(rawValue: ""),
            protocolType: String = "",
            groupState: String = "",
            groupType: String = ""
        ) {
            self.groupID = groupID
            self.protocolType = protocolType
            self.groupState = groupState
            self.groupType = groupType
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 3
            var message = Self()
            message.groupID = try GroupID.decode(from: &buffer, flexible: flexible)
            message.protocolType = try String.decode(from: &buffer, flexible: flexible)
            if version >= 4 {
                message.groupState = try String.decode(from: &buffer, flexible: flexible)
            }
            if version >= 5 {
                message.groupType = try String.decode(from: &buffer, flexible: flexible)
            }
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 3
            self.groupID.encode(into: &buffer, flexible: flexible)
            self.protocolType.encode(into: &buffer, flexible: flexible)
            if version >= 4 {
                self.groupState.encode(into: &buffer, flexible: flexible)
            }
            if version >= 5 {
                self.groupType.encode(into: &buffer, flexible: flexible)
            }
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
