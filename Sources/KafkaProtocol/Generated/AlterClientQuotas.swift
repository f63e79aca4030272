// Generated from Schemas/kafka/049-AlterClientQuotas.kschema; do not edit.

package import NIOCore

/// AlterClientQuotas request, versions 0-1: sets and removes quotas.
package struct AlterClientQuotasRequest: KafkaRequest {
    package typealias Response = AlterClientQuotasResponse

    package static var apiKey: APIKey { .alterClientQuotas }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 1 }
    package static var minimumWireSize: Int { 3 }

    package var entries: [Entry]
    package var validateOnly: Bool

    package init(
        entries: [Entry] = [],
        validateOnly: Bool = false
    ) {
        self.entries = entries
        self.validateOnly = validateOnly
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 1
        var message = Self()
        message.entries = try Entry.decodeArray(from: &buffer, version: version, flexible: flexible)
        message.validateOnly = try Bool.decode(from: &buffer, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 1
        self.entries.encode(into: &buffer, version: version, flexible: flexible)
        self.validateOnly.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension AlterClientQuotasRequest {
    package struct Entry: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var entity: [EntityData]
        package var ops: [Operation]

        package init(
            entity: [EntityData] = [],
            ops: [Operation] = []
        ) {
            self.entity = entity
            self.ops = ops
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 1
            var message = Self()
            message.entity = try EntityData.decodeArray(from: &buffer, version: version, flexible: flexible)
            message.ops = try Operation.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 1
            self.entity.encode(into: &buffer, version: version, flexible: flexible)
            self.ops.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension AlterClientQuotasRequest {
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

extension AlterClientQuotasRequest {
    package struct Operation: WireStruct {
        package static var minimumWireSize: Int { 11 }

        package var key: String
        package var value: Double
        package var remove: Bool

        package init(
            key: String = "",
            value: Double = 0,
            remove: Bool = false
        ) {
            self.key = key
            self.value = value
            self.remove = remove
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 1
            var message = Self()
            message.key = try String.decode(from: &buffer, flexible: flexible)
            message.value = try Double.decode(from: &buffer, flexible: flexible)
            message.remove = try Bool.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 1
            self.key.encode(into: &buffer, flexible: flexible)
            self.value.encode(into: &buffer, flexible: flexible)
            self.remove.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// AlterClientQuotas response, versions 0-1: sets and removes quotas.
package struct AlterClientQuotasResponse: KafkaResponse {
    package static var apiKey: APIKey { .alterClientQuotas }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 1 }
    package static var minimumWireSize: Int { 6 }

    package var throttleTimeMs: Int32
    package var entries: [Entry]

    package init(
        throttleTimeMs: Int32 = 0,
        entries: [Entry] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.entries = entries
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 1
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.entries = try Entry.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 1
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        self.entries.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension AlterClientQuotasResponse {
    package struct Entry: WireStruct {
        package static var minimumWireSize: Int { 5 }

        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var entity: [EntityData]

        package init(
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = "",
            entity: [EntityData] = []
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.entity = entity
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 1
            var message = Self()
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
            message.entity = try EntityData.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 1
            self.errorCode.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
            self.entity.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension AlterClientQuotasResponse {
    package struct EntityData: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var entityType: String
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
