// Generated from Schemas/kafka/060-DescribeCluster.kschema; do not edit.

package import Model
package import NIOCore

/// DescribeCluster request, versions 0-2: the brokers of a cluster; fenced ones from 2.
package struct DescribeClusterRequest: KafkaRequest {
    package typealias Response = DescribeClusterResponse

    package static var apiKey: APIKey { .describeCluster }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 2 }

    package var includeClusterAuthorizedOperations: Bool
    /// Versions 1+.
    package var endpointType: Int8
    /// Versions 2+.
    package var includeFencedBrokers: Bool

    package init(
        includeClusterAuthorizedOperations: Bool = false,
        endpointType: Int8 = 1,
        includeFencedBrokers: Bool = false
    ) {
        self.includeClusterAuthorizedOperations = includeClusterAuthorizedOperations
        self.endpointType = endpointType
        self.includeFencedBrokers = includeFencedBrokers
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.includeClusterAuthorizedOperations = try Bool.decode(from: &buffer, flexible: true)
        if version >= 1 {
            message.endpointType = try Int8.decode(from: &buffer, flexible: true)
        }
        if version >= 2 {
            message.includeFencedBrokers = try Bool.decode(from: &buffer, flexible: true)
        }
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.includeClusterAuthorizedOperations.encode(into: &buffer, flexible: true)
        if version >= 1 {
            self.endpointType.encode(into: &buffer, flexible: true)
        } else if self.endpointType != 1 {
            unencodableField("DescribeClusterRequest.endpointType", version: version)
        }
        if version >= 2 {
            self.includeFencedBrokers.encode(into: &buffer, flexible: true)
        } else if self.includeFencedBrokers {
            unencodableField("DescribeClusterRequest.includeFencedBrokers", version: version)
        }
        buffer.writeNoTaggedFields()
    }
}

/// DescribeCluster response, versions 0-2: the brokers of a cluster; fenced ones from 2.
package struct DescribeClusterResponse: KafkaResponse {
    package static var apiKey: APIKey { .describeCluster }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 18 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?
    /// Versions 1+.
    package var endpointType: Int8
    package var clusterID: String
    package var controllerID: BrokerID
    package var brokers: [Broker]
    package var clusterAuthorizedOperations: Int32

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        errorMessage: String? = nil,
        endpointType: Int8 = 1,
        clusterID: String = "",
        controllerID: BrokerID = BrokerID(rawValue: -1),
        brokers: [Broker] = [],
        clusterAuthorizedOperations: Int32 = -2147483648
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.endpointType = endpointType
        self.clusterID = clusterID
        self.controllerID = controllerID
        self.brokers = brokers
        self.clusterAuthorizedOperations = clusterAuthorizedOperations
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
        message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
        if version >= 1 {
            message.endpointType = try Int8.decode(from: &buffer, flexible: true)
        }
        message.clusterID = try String.decode(from: &buffer, flexible: true)
        message.controllerID = try BrokerID.decode(from: &buffer, flexible: true)
        message.brokers = try Broker.decodeArray(from: &buffer, version: version, flexible: true)
        message.clusterAuthorizedOperations = try Int32.decode(from: &buffer, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.errorCode.encode(into: &buffer, flexible: true)
        String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
        if version >= 1 {
            self.endpointType.encode(into: &buffer, flexible: true)
        } else if self.endpointType != 1 {
            unencodableField("DescribeClusterResponse.endpointType", version: version)
        }
        self.clusterID.encode(into: &buffer, flexible: true)
        self.controllerID.encode(into: &buffer, flexible: true)
        self.brokers.encode(into: &buffer, version: version, flexible: true)
        self.clusterAuthorizedOperations.encode(into: &buffer, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension DescribeClusterResponse {
    package struct Broker: WireStruct {
        package static var minimumWireSize: Int { 11 }

        package var brokerID: BrokerID
        package var host: String
        package var port: Int32
        package var rack: String?
        /// Versions 2+.
        package var isFenced: Bool

        package init(
            brokerID: BrokerID = BrokerID(rawValue: 0),
            host: String = "",
            port: Int32 = 0,
            rack: String? = nil,
            isFenced: Bool = false
        ) {
            self.brokerID = brokerID
            self.host = host
            self.port = port
            self.rack = rack
            self.isFenced = isFenced
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.brokerID = try BrokerID.decode(from: &buffer, flexible: true)
            message.host = try String.decode(from: &buffer, flexible: true)
            message.port = try Int32.decode(from: &buffer, flexible: true)
            message.rack = try String.decodeNullable(from: &buffer, flexible: true)
            if version >= 2 {
                message.isFenced = try Bool.decode(from: &buffer, flexible: true)
            }
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.brokerID.encode(into: &buffer, flexible: true)
            self.host.encode(into: &buffer, flexible: true)
            self.port.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.rack, into: &buffer, flexible: true)
            if version >= 2 {
                self.isFenced.encode(into: &buffer, flexible: true)
            } else if self.isFenced {
                unencodableField("DescribeClusterResponse.Broker.isFenced", version: version)
            }
            buffer.writeNoTaggedFields()
        }
    }
}
