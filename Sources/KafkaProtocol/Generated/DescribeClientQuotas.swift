// Generated from Schemas/kafka/048-DescribeClientQuotas.kschema; do not edit.

package import NIOCore

/// DescribeClientQuotas request, versions 0-1: quotas of users, client IDs and addresses.
package struct DescribeClientQuotasRequest: KafkaRequest {
    package typealias Response = DescribeClientQuotasResponse

    package static var apiKey: APIKey { .describeClientQuotas }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 1 }
    package static var minimumWireSize: Int { 3 }

    package var components: [Component]
    /// only entities without other parts.
    package var strict: Bool

    package init(
        components: [Component] = [],
        strict: Bool = false
    ) {
        self.components = components
        self.strict = strict
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 1
        var message = Self()
        message.components = try Component.decodeArray(from: &buffer, version: version, flexible: flexible)
        message.strict = try Bool.decode(from: &buffer, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 1
        self.components.encode(into: &buffer, version: version, flexible: flexible)
        self.strict.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeClientQuotasRequest {
    package struct Component: WireStruct {
        package static var minimumWireSize: Int { 4 }

        package var entityType: String
        /// 0: this name, 1: the default, 2: any.
        package var matchType: Int8
        package var match: String?

        package init(
            entityType: String = "",
            matchType: Int8 = 0,
            match: String? = ""
        ) {
            self.entityType = entityType
            self.matchType = matchType
            self.match = match
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 1
            var message = Self()
            message.entityType = try String.decode(from: &buffer, flexible: flexible)
            message.matchType = try Int8.decode(from: &buffer, flexible: flexible)
            message.match = try String.decodeNullable(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 1
            self.entityType.encode(into: &buffer, flexible: flexible)
            self.matchType.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.match, into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// DescribeClientQuotas response, versions 0-1: quotas of users, client IDs and addresses.
package struct DescribeClientQuotasResponse: KafkaResponse {
    package static var apiKey: APIKey { .describeClientQuotas }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 1 }
    package static var minimumWireSize: Int { 9 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?
    package var entries: [Entry]?

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        errorMessage: String? = "",
        entries: [Entry]? = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.entries = entries
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 1
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
        message.entries = try Entry.decodeNullableArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 1
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        self.errorCode.encode(into: &buffer, flexible: flexible)
        String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
        Entry.encodeNullableArray(self.entries, into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeClientQuotasResponse {
    package struct Entry: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var entity: [EntityData]
        package var values: [ValueData]

        package init(
            entity: [EntityData] = [],
            values: [ValueData] = []
        ) {
            self.entity = entity
            self.values = values
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 1
            var message = Self()
            message.entity = try EntityData.decodeArray(from: &buffer, version: version, flexible: flexible)
            message.values = try ValueData.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 1
            self.entity.encode(into: &buffer, version: version, flexible: flexible)
            self.values.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension DescribeClientQuotasResponse {
    package struct EntityData: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var entityType: String
        /// null: the default.
        package var entityName: String?

        package init(
            entityType: String = "",
            entityName: String? = ""
        ) {
            self.entityType = entityType
            self.entityName = entityName
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 1
            var message = Self()
            message.entityType = try String.decode(from: &buffer, flexible: flexible)
            message.entityName = try String.decodeNullable(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 1
            self.entityType.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.entityName, into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension DescribeClientQuotasResponse {
    package struct ValueData: WireStruct {
        package static var minimumWireSize: Int { 10 }

        package var key: String
        package var value: Double

        package init(
            key: String = "",
            value: Double = 0
        ) {
            self.key = key
            self.value = value
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 1
            var message = Self()
            message.key = try String.decode(from: &buffer, flexible: flexible)
            message.value = try Double.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 1
            self.key.encode(into: &buffer, flexible: flexible)
            self.value.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
