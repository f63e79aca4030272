internal import KinesisProtocol
internal import LeaseTables

/// TransactWriteItems, BatchWriteItem and BatchGetItem.
struct BatchInput {
    /// Parts of a transaction in their order.
    var parts: [(kind: ItemInput.Kind, input: ItemInput)] = []
    /// Of a BatchGetItem, by table.
    var gets: [(table: String, keys: [Item], input: ItemInput)] = []
    /// Of a transaction; makes its repetition harmless.
    var clientRequestToken: String?

    mutating func read(
        _ member: MemberName,
        of operation: LeaseTableOperation,
        from reader: inout some ShapeReader
    ) throws(KinesisError) {
        switch (operation, member) {
        case (.transactWriteItems, "ClientRequestToken"): self.clientRequestToken = try reader.readString()
        case (.transactWriteItems, "TransactItems"):
            var parts = self.parts
            _ = try reader.readList { (reader, _) throws(KinesisError) in
                let part = try Self.readPart(from: &reader)
                parts.append(part)
            }
            self.parts = parts
        case (.batchWriteItem, "RequestItems"):
            var parts = self.parts
            _ = try reader.readMap { (reader, table) throws(KinesisError) in
                _ = try reader.readList { (reader, _) throws(KinesisError) in
                    var part = try Self.readPart(from: &reader)
                    part.input.tableName = table
                    parts.append(part)
                }
            }
            self.parts = parts
        case (.batchGetItem, "RequestItems"):
            var gets = self.gets
            _ = try reader.readMap { (reader, table) throws(KinesisError) in
                var keys: [Item] = []
                var input = ItemInput()
                _ = try reader.readStructure { (reader, member) throws(KinesisError) in
                    guard case "Keys" = member else { return try input.read(member, from: &reader) }
                    _ = try reader.readList { (reader, _) throws(KinesisError) in
                        keys.append(try reader.readItem() ?? [:])
                    }
                }
                gets.append((table, keys, input))
            }
            self.gets = gets
        default: try reader.skip()
        }
    }

    private static func readPart(
        from reader: inout some ShapeReader
    ) throws(KinesisError) -> (kind: ItemInput.Kind, input: ItemInput) {
        var kind: ItemInput.Kind?
        var count = 0
        var input = ItemInput()
        _ = try reader.readStructure { (reader, member) throws(KinesisError) in
            switch member {
            case "Put", "PutRequest": kind = .put
            case "Delete", "DeleteRequest": kind = .delete
            case "Update": kind = .update
            case "ConditionCheck": kind = .check
            default: return try reader.skip()
            }
            let isPresent = try reader.readStructure { (reader, member) throws(KinesisError) in
                try input.read(member, from: &reader)
            }
            if isPresent { count += 1 }
        }
        guard let kind, count == 1 else {
            throw KinesisError(
                .validation,
                "Each part must contain exactly one of Put, Delete, Update and ConditionCheck, or PutRequest and DeleteRequest"
            )
        }
        return (kind, input)
    }

    /// - Throws: for a token of another length than DynamoDB's.
    func requestToken() throws(TableError) -> String? {
        guard let token = self.clientRequestToken else { return nil }
        let bound =
            token.isEmpty
            ? "greater than or equal to 1"
            : token.utf16.count > TableLimits.requestTokenLengthMax
                ? "less than or equal to \(TableLimits.requestTokenLengthMax)" : nil
        guard let bound else { return token }
        throw TableError(
            .validation,
            "1 validation error detected: Value '\(token.prefix(64))' at 'clientRequestToken' failed to satisfy constraint: "
                + "Member must have length \(bound)"
        )
    }

    /// - Parameter limit: of the operation.
    func requests(limit: Int, isTransaction: Bool) throws(TableError) -> [ItemRequest] {
        guard !self.parts.isEmpty, self.parts.count <= limit else {
            let member = isTransaction ? "transactItems" : "requestItems"
            throw TableError(
                .validation,
                "1 validation error detected: Value at '\(member)' failed to satisfy constraint: Member must have length "
                    + (self.parts.isEmpty ? "greater than or equal to 1" : "less than or equal to \(limit)")
            )
        }
        var requests: [ItemRequest] = []
        for part in self.parts {
            requests.append(try part.input.request(part.kind, isTransaction: isTransaction))
        }
        return requests
    }
}
