internal import Coordination

/// A row that KCL keeps of a shard, as far as it says how far the application has come.
package struct Lease: Sendable, Equatable {
    /// `shardId-…`, or `ACCOUNT:STREAM:EPOCH:shardId-…` where an application reads several streams.
    package var key: String
    package var owner: String?
    /// A sequence number, or `TRIM_HORIZON`, `LATEST`, `AT_TIMESTAMP`, `SHARD_END`.
    package var checkpoint: String
    package var startingHashKey: String?
    package var endingHashKey: String?

    package init(
        key: String,
        owner: String? = nil,
        checkpoint: String,
        startingHashKey: String? = nil,
        endingHashKey: String? = nil
    ) {
        self.key = key
        self.owner = owner
        self.checkpoint = checkpoint
        self.startingHashKey = startingHashKey
        self.endingHashKey = endingHashKey
    }
}

extension TableMachine {
    /// Tables whose key is that of KCL's lease tables, by name.
    package var leaseTableNames: [String] { self.tableNames.filter { self.tables[$0]?.key == Self.leaseKey } }

    private static let leaseKey = KeySchema(hash: "leaseKey")

    /// The leases of a table, in no particular order; `nil` when it is not a lease table.
    package func leases(of name: String) -> [Lease]? {
        guard let table = self.tables[name], table.key == Self.leaseKey else { return nil }
        return (self.items[table.id] ?? [:]).values.compactMap { Self.lease($0.attributes) }
    }

    private static func lease(_ item: Item) -> Lease? {
        func text(_ name: String) -> String? {
            guard case .string(let text)? = item[name] else { return nil }
            return text
        }
        guard let key = text("leaseKey"), let checkpoint = text("checkpoint") else { return nil }
        return Lease(
            key: key,
            owner: text("leaseOwner"),
            checkpoint: checkpoint,
            startingHashKey: text("startingHashKey"),
            endingHashKey: text("endingHashKey")
        )
    }
}
