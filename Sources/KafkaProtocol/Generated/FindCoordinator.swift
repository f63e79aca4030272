// Generated from Schemas/kafka/010-FindCoordinator.kschema; do not edit.

package import Model
package import NIOCore

/// FindCoordinator request, versions 0-6: which broker coordinates a group or a transaction; several keys from 4.
package struct FindCoordinatorRequest: KafkaRequest {
    package typealias Response = FindCoordinatorResponse

    package static var apiKey: APIKey { .findCoordinator }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static var firstFlexibleVersion: Int16? { 3 }
    package static var minimumWireSize: Int { 2 }

    /// Versions 0-3.
    package var key: String
    /// Versions 1+.
    package var keyType: Int8
    /// Versions 4+.
    package var coordinatorKeys: [String]

    package init(
        key: String = "",
        keyType: Int8 = 0,
        coordinatorKeys: [String] = []
    ) {
        self.key = key
        self.keyType = keyType
        self.coordinatorKeys = coordinatorKeys
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 3
        var message = Self()
        if version <= 3 {
            message.key = try String.decode(from: &buffer, flexible: flexible)
        }
        if version >= 1 {
            message.keyType = try Int8.decode(from: &buffer, flexible: flexible)
        }
        if version >= 4 {
            message.coordinatorKeys = try String.decodeArray(from: &buffer, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 3
        if version <= 3 {
            self.key.encode(into: &buffer, flexible: flexible)
        } else if self.key != "" {
            unencodableField("FindCoordinatorRequest.key", version: version)
        }
        if version >= 1 {
            self.keyType.encode(into: &buffer, flexible: flexible)
        } else if self.keyType != 0 {
            unencodableField("FindCoordinatorRequest.keyType", version: version)
        }
        if version >= 4 {
            self.coordinatorKeys.encode(into: &buffer, flexible: flexible)
        } else if !self.coordinatorKeys.isEmpty {
            unencodableField("FindCoordinatorRequest.coordinatorKeys", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

/// FindCoordinator response, versions 0-6: which broker coordinates a group or a transaction; several keys from 4.
package struct FindCoordinatorResponse: KafkaResponse {
    package static var apiKey: APIKey { .findCoordinator }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static var firstFlexibleVersion: Int16? { 3 }
    package static var minimumWireSize: Int { 6 }

    /// Versions 1+.
    package var throttleTimeMs: Int32
    /// Versions 0-3.
    package var errorCode: ErrorCode
    /// Versions 1-3.
    package var errorMessage: String?
    /// Versions 0-3.
    package var nodeID: BrokerID
    /// Versions 0-3.
    package var host: String
    /// Versions 0-3.
    package var port: Int32
    /// Versions 4+.
    package var coordinators: [Coordinator]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        errorMessage: String? = nil,
        nodeID: BrokerID = BrokerID(rawValue: 0),
        host: String = "",
        port: Int32 = 0,
        coordinators: [Coordinator] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.nodeID = nodeID
        self.host = host
        self.port = port
        self.coordinators = coordinators
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
        if version <= 3 {
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        }
        if (1...3).contains(version) {
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
        }
        if version <= 3 {
            message.nodeID = try BrokerID.decode(from: &buffer, flexible: flexible)
            message.host = try String.decode(from: &buffer, flexible: flexible)
            message.port = try Int32.decode(from: &buffer, flexible: flexible)
        }
        if version >= 4 {
            message.coordinators = try Coordinator.decodeArray(from: &buffer, version: version, flexible: flexible)
        }
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
        if version <= 3 {
            self.errorCode.encode(into: &buffer, flexible: flexible)
        } else if self.errorCode != ErrorCode(rawValue: 0) {
            unencodableField("FindCoordinatorResponse.errorCode", version: version)
        }
        if (1...3).contains(version) {
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
        }
        if version <= 3 {
            self.nodeID.encode(into: &buffer, flexible: flexible)
        } else if self.nodeID != BrokerID(rawValue: 0) {
            unencodableField("FindCoordinatorResponse.nodeID", version: version)
        }
        if version <= 3 {
            self.host.encode(into: &buffer, flexible: flexible)
        } else if self.host != "" {
            unencodableField("FindCoordinatorResponse.host", version: version)
        }
        if version <= 3 {
            self.port.encode(into: &buffer, flexible: flexible)
        } else if self.port != 0 {
            unencodableField("FindCoordinatorResponse.port", version: version)
        }
        if version >= 4 {
            self.coordinators.encode(into: &buffer, version: version, flexible: flexible)
        } else if !self.coordinators.isEmpty {
            unencodableField("FindCoordinatorResponse.coordinators", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension FindCoordinatorResponse {
    package struct Coordinator: WireStruct {
        package static var minimumWireSize: Int { 14 }

        package var key: String
        package var nodeID: BrokerID
        package var host: String
        package var port: Int32
        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(
            key: String = "",
            nodeID: BrokerID = BrokerID(rawValue: 0),
            host: String = "",
            port: Int32 = 0,
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil
        ) {
            self.key = key
            self.nodeID = nodeID
            self.host = host
            self.port = port
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.key = try String.decode(from: &buffer, flexible: true)
            message.nodeID = try BrokerID.decode(from: &buffer, flexible: true)
            message.host = try String.decode(from: &buffer, flexible: true)
            message.port = try Int32.decode(from: &buffer, flexible: true)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.key.encode(into: &buffer, flexible: true)
            self.nodeID.encode(into: &buffer, flexible: true)
            self.host.encode(into: &buffer, flexible: true)
            self.port.encode(into: &buffer, flexible: true)
            self.errorCode.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
