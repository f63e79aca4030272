// Generated from Schemas/kafka/066-ListTransactions.kschema; do not edit.

package import Model
package import NIOCore

/// ListTransactions request, versions 0-2: the transactional IDs that a broker coordinates.
package struct ListTransactionsRequest: KafkaRequest {
    package typealias Response = ListTransactionsResponse

    package static var apiKey: APIKey { .listTransactions }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 3 }

    package var stateFilters: [String]
    package var producerIDFilters: [Int64]
    /// Versions 1+.
    package var durationFilter: Int64
    /// Versions 2+.
    package var transactionalIDPattern: String?

    package init(
        stateFilters: [String] = [],
        producerIDFilters: [Int64] = [],
        durationFilter: Int64 = -1,
        transactionalIDPattern: String? = nil
    ) {
        self.stateFilters = stateFilters
        self.producerIDFilters = producerIDFilters
        self.durationFilter = durationFilter
        self.transactionalIDPattern = transactionalIDPattern
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.stateFilters = try String.decodeArray(from: &buffer, flexible: true)
        message.producerIDFilters = try Int64.decodeArray(from: &buffer, flexible: true)
        if version >= 1 {
            message.durationFilter = try Int64.decode(from: &buffer, flexible: true)
        }
        if version >= 2 {
            message.transactionalIDPattern = try String.decodeNullable(from: &buffer, flexible: true)
        }
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.stateFilters.encode(into: &buffer, flexible: true)
        self.producerIDFilters.encode(into: &buffer, flexible: true)
        if version >= 1 {
            self.durationFilter.encode(into: &buffer, flexible: true)
        } else if self.durationFilter != -1 {
            unencodableField("ListTransactionsRequest.durationFilter", version: version)
        }
        if version >= 2 {
            String.encodeNullable(self.transactionalIDPattern, into: &buffer, flexible: true)
        } else if self.transactionalIDPattern != nil {
            unencodableField("ListTransactionsRequest.transactionalIDPattern", version: version)
        }
        buffer.writeNoTaggedFields()
    }
}

/// ListTransactions response, versions 0-2: the transactional IDs that a broker coordinates.
package struct ListTransactionsResponse: KafkaResponse {
    package static var apiKey: APIKey { .listTransactions }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 9 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var unknownStateFilters: [String]
    package var transactionStates: [TransactionState]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        unknownStateFilters: [String] = [],
        transactionStates: [TransactionState] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.unknownStateFilters = unknownStateFilters
        self.transactionStates = transactionStates
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
        message.unknownStateFilters = try String.decodeArray(from: &buffer, flexible: true)
        message.transactionStates = try TransactionState.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.errorCode.encode(into: &buffer, flexible: true)
        self.unknownStateFilters.encode(into: &buffer, flexible: true)
        self.transactionStates.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension ListTransactionsResponse {
    package struct TransactionState: WireStruct {
        package static var minimumWireSize: Int { 11 }

        package var transactionalID: String
        package var producerID: ProducerID
        package var transactionState: String

        package init(
            transactionalID: String = "",
            producerID: ProducerID = ProducerID(rawValue: 0),
            transactionState: String = ""
        ) {
            self.transactionalID = transactionalID
            self.producerID = producerID
            self.transactionState = transactionState
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.transactionalID = try String.decode(from: &buffer, flexible: true)
            message.producerID = try ProducerID.decode(from: &buffer, flexible: true)
            message.transactionState = try String.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.transactionalID.encode(into: &buffer, flexible: true)
            self.producerID.encode(into: &buffer, flexible: true)
            self.transactionState.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
