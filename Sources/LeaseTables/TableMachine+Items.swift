internal import Coordination
package import Model

/// One change of one item: PutItem, UpdateItem, DeleteItem, or a part of TransactWriteItems and BatchWriteItem.
package struct ItemRequest: Sendable {
    package enum Change: Sendable {
        case put(Item)
        case update(key: Item, UpdatePlan)
        case delete(key: Item)
        /// Only in a transaction.
        case check(key: Item)
    }

    /// Which attributes the answer has.
    package enum ReturnValues: String, Sendable, CaseIterable {
        case none = "NONE"
        case allOld = "ALL_OLD"
        case allNew = "ALL_NEW"
        case updatedOld = "UPDATED_OLD"
        case updatedNew = "UPDATED_NEW"
    }

    package var table: String
    package var change: Change
    package var condition: Condition?
    package var returnValues: ReturnValues
    /// The item comes with the error when the condition does not hold.
    package var returnsOldOnFailure: Bool

    package init(
        table: String,
        change: Change,
        condition: Condition? = nil,
        returnValues: ReturnValues = .none,
        returnsOldOnFailure: Bool = false
    ) {
        self.table = table
        self.change = change
        self.condition = condition
        self.returnValues = returnValues
        self.returnsOldOnFailure = returnsOldOnFailure
    }
}

extension TableMachine {
    /// What a change comes to, when its condition holds.
    private struct Outcome {
        var table: Table
        var key: PrimaryKey
        var old: Item?
        /// Absent when the item is deleted, or is not to be.
        var new: Item?
        var isChange: Bool

        var record: TableRecord? {
            guard self.isChange else { return nil }
            if let new { return .item(self.table.id, self.key, new) }
            return self.old == nil ? nil : .itemDeleted(self.table.id, self.key)
        }

        var addedBytes: Int {
            guard self.isChange else { return 0 }
            return (self.new?.sizeBytes ?? 0) - (self.old?.sizeBytes ?? 0)
        }
    }

    package func itemRequested(key: Item, of name: String) throws(TableError) -> Item? {
        let table = try self.table(named: name)
        return self.item(try table.key(named: key), of: table)
    }

    /// PutItem, UpdateItem, DeleteItem. The answer is what `returnValues` asks for.
    package func itemChangeRequested(_ request: ItemRequest) throws(TableError) -> TableDecision<Item?> {
        let outcome = try self.outcome(of: request)
        try self.checkRoom(outcome.addedBytes)
        return (Self.answer(request, outcome), outcome.record.map { [$0] } ?? [])
    }

    private static func answer(_ request: ItemRequest, _ outcome: Outcome) -> Item? {
        func touched(_ item: Item?) -> Item? {
            guard case .update(_, let plan) = request.change else { return item }
            let names = Set(plan.actions.map(\.path.name))
            let part = item?.filter { names.contains($0.key) }
            return part?.isEmpty == true ? nil : part
        }
        return switch request.returnValues {
        case .none: nil
        case .allOld: outcome.old
        case .allNew: outcome.new
        case .updatedOld: touched(outcome.old)
        case .updatedNew: touched(outcome.new)
        }
    }

    private func outcome(of request: ItemRequest) throws(TableError) -> Outcome {
        let table = try self.table(named: request.table)
        let key =
            switch request.change {
            case .put(let item): try table.key(ofItem: item)
            case .update(let key, _), .delete(let key), .check(let key): try table.key(named: key)
            }
        let old = self.item(key, of: table)
        if let condition = request.condition, !condition.holds(for: old ?? [:]) {
            throw .conditionFailed(request.returnsOldOnFailure ? old : nil)
        }
        var outcome = Outcome(table: table, key: key, old: old, new: old, isChange: true)
        switch request.change {
        case .check: outcome.isChange = false
        case .delete: outcome.new = nil
        case .put(let item):
            try Self.checkSize(item, "Item size has exceeded the maximum allowed size")
            outcome.new = item
        case .update(_, let plan):
            for action in plan.actions where table.key.names.contains(action.path.name) {
                throw .invalid(
                    "Cannot update attribute \(action.path.name). This attribute is part of the key"
                )
            }
            guard old != nil || plan.createsItem else {
                outcome.isChange = false
                break
            }
            let new = try plan.applied(to: old ?? table.attributes(of: key))
            try Self.checkSize(new, "Item size to update has exceeded the maximum allowed size")
            // The key of an index must have the index's type.
            _ = try table.key(ofItem: new)
            outcome.new = new
        }
        return outcome
    }

    private static func checkSize(_ item: Item, _ message: String) throws(TableError) {
        guard item.sizeBytes <= TableLimits.itemBytesMax else { throw TableError(.validation, message) }
    }

    private func checkRoom(_ addedBytes: Int) throws(TableError) {
        guard addedBytes > 0, self.itemBytesOfAll + addedBytes > self.limits.itemBytesMax else { return }
        throw TableError(
            .limitExceeded,
            "The items of all tables come to \(self.limits.itemBytesMax) bytes, the most that this server keeps. Delete "
                + "items or tables that are not needed."
        )
    }

    // MARK: Several at once

    /// TransactWriteItems with a token: what was carried out with it in the last ten minutes is not carried out again.
    ///
    /// - Parameter digest: of all that is asked for.
    package mutating func transactionRequested(
        _ requests: [ItemRequest],
        token: String,
        digest: String,
        now: Timestamp
    ) throws(TableError) -> TableDecision<Void> {
        self.trimRequestOrder()
        if let known = self.requests[token], now - known.completedAt < TableLimits.requestTokenMilliseconds {
            guard known.digest == digest else { throw .idempotentParameterMismatch }
            return ((), [])
        }
        var (_, records) = try self.transactionRequested(requests)
        records += self.forgettableRequests(now: now).filter { $0 != token }.map { .requestForgotten($0) }
        records.append(.request(token, CompletedRequest(completedAt: now, digest: digest)))
        return ((), records)
    }

    /// TransactWriteItems: all or nothing.
    package func transactionRequested(_ requests: [ItemRequest]) throws(TableError) -> TableDecision<Void> {
        var records: [TableRecord] = []
        var reasons: [TableError.CancellationReason] = []
        var places: Set<ItemPlace> = []
        var addedBytes = 0
        for request in requests {
            do throws(TableError) {
                let outcome = try self.outcome(of: request)
                guard places.insert(ItemPlace(table: outcome.table.id, key: outcome.key)).inserted else {
                    throw TableError(
                        .validation,
                        "Transaction request cannot include multiple operations on one item"
                    )
                }
                addedBytes += outcome.addedBytes
                if let record = outcome.record { records.append(record) }
                reasons.append(.none)
            } catch  where error.code == .conditionalCheckFailed {
                reasons.append(
                    TableError.CancellationReason(
                        code: "ConditionalCheckFailed",
                        message: error.message,
                        item: error.item
                    )
                )
            }
        }
        guard reasons.allSatisfy({ $0.code == "None" }) else {
            var error = TableError(
                .transactionCanceled,
                "Transaction cancelled, please refer cancellation reasons for specific reasons "
                    + "[\(reasons.map(\.code).joined(separator: ", "))]"
            )
            error.reasons = reasons
            throw error
        }
        try self.checkRoom(addedBytes)
        return ((), records)
    }

    /// BatchWriteItem: puts and deletions without conditions, here all or nothing.
    package func batchRequested(_ requests: [ItemRequest]) throws(TableError) -> TableDecision<Void> {
        var records: [TableRecord] = []
        var places: Set<ItemPlace> = []
        var addedBytes = 0
        for request in requests {
            let outcome = try self.outcome(of: request)
            guard places.insert(ItemPlace(table: outcome.table.id, key: outcome.key)).inserted else {
                throw TableError(.validation, "Provided list of item keys contains duplicates")
            }
            addedBytes += outcome.addedBytes
            if let record = outcome.record { records.append(record) }
        }
        try self.checkRoom(addedBytes)
        return ((), records)
    }

    private struct ItemPlace: Hashable {
        var table: TableID
        var key: PrimaryKey
    }
}
