internal import Broker
internal import KinesisProtocol
internal import LeaseTables
internal import Model
internal import NIOCore

/// Reads one request for the lease tables, has it decided and writes the answer.
struct LeaseTableCall {
    let operation: LeaseTableOperation
    let body: ByteBuffer
    let caller: Caller
    let access: KinesisAccess
    let service: LeaseTableService?
    let eventLoop: any EventLoop

    /// Called once, on `eventLoop`.
    typealias Respond = (Result<ByteBuffer, LeaseTableError>) -> Void

    /// What a BatchGetItem answers with before it leaves keys to another request, in bytes: that of a page, so that the
    /// same memory is enough.
    private static let batchBytesMax = TableLimits.pageBytesMax
    private static let tablesPerPageMax = 100

    func run(_ respond: @escaping Respond) {
        do {
            try self.dispatch(respond)
        } catch let error as TableError {
            respond(.failure(LeaseTableError(error)))
        } catch let error as KinesisError {
            respond(.failure(LeaseTableError(error)))
        } catch {
            respond(.failure(.unavailable))
        }
    }

    private func dispatch(_ respond: @escaping Respond) throws {
        switch self.operation {
        case .getItem: try self.getItem(respond)
        case .putItem: try self.changeItem(.put, respond)
        case .updateItem: try self.changeItem(.update, respond)
        case .deleteItem: try self.changeItem(.delete, respond)
        case .scan: try self.scan(respond)
        case .query: try self.query(respond)
        case .transactWriteItems, .batchWriteItem, .batchGetItem: try self.batch(respond)
        default: try self.dispatchTables(respond)
        }
    }

    // MARK: Items

    private func getItem(_ respond: @escaping Respond) throws {
        let input = try self.itemInput()
        let (table, key) = (try input.requireTable(), try input.requireKey())
        try self.access.require(self.operation, on: table)
        let projection = try input.projection()
        self.decide(respond) { machine, _ throws(TableError) in
            let item = try machine.itemRequested(key: key, of: table)
            guard let projection else { return (item, []) }
            return (item.map { TableMachine.project($0, projection) }, [])
        } write: { json, item in
            json.item("Item", item)
        }
    }

    private func changeItem(_ kind: ItemInput.Kind, _ respond: @escaping Respond) throws {
        let request = try self.itemInput().request(kind)
        try self.access.require(self.operation, on: request.table)
        self.decide(respond) { machine, _ throws(TableError) in
            try machine.itemChangeRequested(request)
        } write: { json, item in
            json.item("Attributes", item)
        }
    }

    private func scan(_ respond: @escaping Respond) throws {
        let input = try self.pageInput()
        let request = try input.request(isQuery: false).page
        try self.access.require(self.operation, on: request.table)
        let segments = try input.segments()
        self.decide(respond) { machine, _ throws(TableError) in
            (try machine.scanRequested(request, segment: segments), [])
        } write: { json, page in
            Self.write(page, countsOnly: input.countsOnly, to: &json)
        }
    }

    private func query(_ respond: @escaping Respond) throws {
        let input = try self.pageInput()
        let (request, condition) = try input.request(isQuery: true)
        guard let condition else { return }
        try self.access.require(self.operation, on: request.table)
        self.decide(respond) { machine, _ throws(TableError) in
            (try machine.queryRequested(request, condition, isAscending: input.isForward), [])
        } write: { json, page in
            Self.write(page, countsOnly: input.countsOnly, to: &json)
        }
    }

    private static func write(_ page: ItemPage, countsOnly: Bool, to json: inout JSONWriter) {
        json.member("Count")
        json.integer(Int64(page.items.count))
        json.member("ScannedCount")
        json.integer(Int64(page.scannedCount))
        if !countsOnly {
            json.member("Items")
            json.list(page.items) { $0.item($1) }
        }
        json.item("LastEvaluatedKey", page.lastKey)
    }

    private func batch(_ respond: @escaping Respond) throws {
        var input = BatchInput()
        try self.read { (member, reader) throws(KinesisError) in
            try input.read(member, of: self.operation, from: &reader)
        }
        switch self.operation {
        case .transactWriteItems:
            let requests = try input.requests(limit: TableLimits.transactionItemsMax, isTransaction: true)
            for request in requests { try self.access.require(self.operation, on: request.table) }
            let token = try input.requestToken()
            let digest = token == nil ? "" : self.body.withUnsafeReadableBytes { SHA256Digest.hex($0) }
            self.decide(respond) { machine, now throws(TableError) in
                guard let token else { return try machine.transactionRequested(requests) }
                return try machine.transactionRequested(requests, token: token, digest: digest, now: now)
            } write: { _, _ in
            }
        case .batchWriteItem:
            let requests = try input.requests(limit: TableLimits.batchWriteItemsMax, isTransaction: false)
            for request in requests { try self.access.require(self.operation, on: request.table) }
            self.decide(respond) { machine, _ throws(TableError) in
                try machine.batchRequested(requests)
            } write: { json, _ in
                json.member("UnprocessedItems")
                json.beginStructure()
                json.endStructure()
            }
        default: try self.batchGet(input, respond)
        }
    }

    private func batchGet(_ input: BatchInput, _ respond: @escaping Respond) throws {
        var gets: [(table: String, keys: [Item], projection: [String]?)] = []
        for get in input.gets {
            try self.access.require(self.operation, on: get.table)
            gets.append((get.table, get.keys, try get.input.projection()))
        }
        let count = gets.reduce(0) { $0 + $1.keys.count }
        guard count > 0, count <= TableLimits.transactionItemsMax else {
            throw TableError(
                .validation,
                count == 0
                    ? "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Member must have "
                        + "length greater than or equal to 1"
                    : "Too many items requested for the BatchGetItem call"
            )
        }
        let asked = gets
        self.decide(respond) { machine, _ throws(TableError) -> TableDecision<[(found: [Item], left: [Item])]> in
            var bytes = 0
            var answers: [(found: [Item], left: [Item])] = []
            for get in asked {
                var answer = (found: [Item](), left: [Item]())
                for key in get.keys {
                    guard bytes < Self.batchBytesMax else {
                        answer.left.append(key)
                        continue
                    }
                    guard let item = try machine.itemRequested(key: key, of: get.table) else { continue }
                    bytes += item.sizeBytes
                    answer.found.append(get.projection.map { TableMachine.project(item, $0) } ?? item)
                }
                answers.append(answer)
            }
            return (answers, [])
        } write: { json, answers in
            json.member("Responses")
            json.beginStructure()
            for (get, answer) in zip(asked, answers) {
                json.member(text: get.table)
                json.list(answer.found) { $0.item($1) }
            }
            json.endStructure()
            json.member("UnprocessedKeys")
            json.beginStructure()
            for (get, answer) in zip(asked, answers) where !answer.left.isEmpty {
                json.member(text: get.table)
                json.beginStructure()
                json.member("Keys")
                json.list(answer.left) { $0.item($1) }
                json.endStructure()
            }
            json.endStructure()
        }
    }

    // MARK: Tables

    private func dispatchTables(_ respond: @escaping Respond) throws {
        var input = TableInput()
        try self.read { (member, reader) throws(KinesisError) in try input.read(member, from: &reader) }
        switch self.operation {
        case .createTable:
            guard let service else { throw LeaseTableService.Failure.unavailable }
            let creation = try input.creation()
            try self.access.require(self.operation, on: creation.name)
            let id = service.makeTableID()
            self.describe("TableDescription", makesTopic: true, respond) { machine, now throws(TableError) in
                let (table, records) = try machine.tableRequested(creation, id: id, now: now)
                return (TableDescription(table, in: machine), records)
            }
        case .updateTable:
            let (name, change) = (try input.requireTable(), try input.change())
            try self.access.require(self.operation, on: name)
            self.describe("TableDescription", respond) { machine, _ throws(TableError) in
                let (table, records) = try machine.tableChangeRequested(name, change)
                return (TableDescription(table, in: machine), records)
            }
        case .deleteTable:
            let name = try input.requireTable()
            try self.access.require(self.operation, on: name)
            self.describe("TableDescription", respond) { machine, _ throws(TableError) in
                let (table, records) = try machine.tableDeletionRequested(name)
                return (TableDescription(table, in: machine, status: .deleting), records)
            }
        case .describeTable:
            let name = try input.requireTable()
            try self.access.require(self.operation, on: name)
            self.describe("Table", respond) { machine, _ throws(TableError) in
                let (table, records) = try machine.tableEditRequested(name) { _ throws(TableError) in }
                return (TableDescription(table, in: machine), records)
            }
        case .listTables: self.listTables(input, respond)
        default: try self.dispatchAttributes(input, respond)
        }
    }

    private func describe(
        _ member: StaticString,
        makesTopic: Bool = false,
        _ respond: @escaping Respond,
        _ body:
            @escaping @Sendable (inout TableMachine, Timestamp) throws(TableError) -> TableDecision<TableDescription>
    ) {
        let caller = self.caller
        self.decide(respond, makesTopic: makesTopic, body) { json, description in
            json.member(member)
            description.write(to: &json, for: caller)
        }
    }

    private func listTables(_ input: TableInput, _ respond: @escaping Respond) {
        let limit = min(max(Int(input.limit ?? Int32(Self.tablesPerPageMax)), 1), Self.tablesPerPageMax)
        let start = input.exclusiveStartTableName
        let access = self.access
        self.decide(respond) { machine, _ throws(TableError) -> TableDecision<[String]> in
            let names = machine.tableNames.filter { name in
                (start.map { $0.utf8.lexicographicallyPrecedes(name.utf8) } ?? true) && access.sees(leaseTable: name)
            }
            return (Array(names.prefix(limit + 1)), [])
        } write: { json, names in
            json.member("TableNames")
            json.list(names.prefix(limit)) { $0.string($1) }
            if names.count > limit {
                json.member("LastEvaluatedTableName")
                json.string(names[limit - 1])
            }
        }
    }

    /// Tags and what is kept beside the items. Nothing expires by itself here, and nothing is restored.
    private func dispatchAttributes(_ input: TableInput, _ respond: @escaping Respond) throws {
        switch self.operation {
        case .tagResource:
            let (name, tags) = (try input.requireResource(), input.tags)
            try self.edit(name, respond, edit: { $0.tags.merge(tags) { _, new in new } }, write: { _, _ in })
        case .untagResource:
            let (name, keys) = (try input.requireResource(), input.tagKeys)
            try self.edit(name, respond) { table in
                for key in keys { table.tags[key] = nil }
            } write: { _, _ in
            }
        case .listTagsOfResource:
            try self.edit(try input.requireResource(), respond, edit: { _ in }) { json, table in
                json.member("Tags")
                json.list(table.tags.sorted { $0.key < $1.key }) { json, tag in
                    json.beginStructure()
                    json.member("Key")
                    json.string(tag.key)
                    json.member("Value")
                    json.string(tag.value)
                    json.endStructure()
                }
            }
        case .describeContinuousBackups, .updateContinuousBackups:
            let isEnabled = self.operation == .updateContinuousBackups ? input.pointInTimeRecovery : nil
            try self.edit(try input.requireTable(), respond) { table in
                if let isEnabled { table.hasPointInTimeRecovery = isEnabled }
            } write: { json, table in
                json.member("ContinuousBackupsDescription")
                json.beginStructure()
                json.member("ContinuousBackupsStatus")
                json.string("ENABLED")
                json.member("PointInTimeRecoveryDescription")
                json.beginStructure()
                json.member("PointInTimeRecoveryStatus")
                json.string(table.hasPointInTimeRecovery ? "ENABLED" : "DISABLED")
                json.endStructure()
                json.endStructure()
            }
        default:
            try self.edit(try input.requireTable(), respond, edit: { _ in }) { json, _ in
                json.member("TimeToLiveDescription")
                json.beginStructure()
                json.member("TimeToLiveStatus")
                json.string("DISABLED")
                json.endStructure()
            }
        }
    }

    private func edit(
        _ name: String,
        _ respond: @escaping Respond,
        edit: @escaping @Sendable (inout Table) -> Void,
        write: @escaping (inout JSONWriter, Table) -> Void
    ) throws(KinesisError) {
        try self.access.require(self.operation, on: name)
        self.decide(respond) { machine, _ throws(TableError) in
            try machine.tableEditRequested(name) { (table) throws(TableError) in edit(&table) }
        } write: { json, table in
            write(&json, table)
        }
    }

    // MARK: Reading and answering

    private func itemInput() throws(KinesisError) -> ItemInput {
        var input = ItemInput()
        try self.read { (member, reader) throws(KinesisError) in try input.read(member, from: &reader) }
        return input
    }

    private func pageInput() throws(KinesisError) -> PageInput {
        var input = PageInput()
        try self.read { (member, reader) throws(KinesisError) in try input.read(member, from: &reader) }
        return input
    }

    private func read(
        _ member: (MemberName, inout JSONReader) throws(KinesisError) -> Void
    ) throws(KinesisError) {
        try JSONReader.read(self.body) { (reader) throws(KinesisError) in
            _ = try reader.readStructure { (reader, name) throws(KinesisError) in try member(name, &reader) }
        }
    }

    private func decide<Answer: Sendable>(
        _ respond: @escaping Respond,
        makesTopic: Bool = false,
        _ body: @escaping @Sendable (inout TableMachine, Timestamp) throws(TableError) -> TableDecision<Answer>,
        write: @escaping (inout JSONWriter, Answer) -> Void
    ) {
        guard let service else { return respond(.failure(.unavailable)) }
        let bound = NIOLoopBound((respond: respond, write: write), eventLoop: self.eventLoop)
        service.decide(on: self.eventLoop, makesTopic: makesTopic, body) { result in
            let (respond, write) = bound.value
            switch result {
            case .success(let answer):
                var json = JSONWriter(into: ByteBufferAllocator().buffer(capacity: 512))
                json.beginStructure()
                write(&json, answer)
                json.endStructure()
                respond(.success(json.buffer))
            case .failure(.refused(let error)): respond(.failure(LeaseTableError(error)))
            case .failure(.unavailable): respond(.failure(.unavailable))
            }
        }
    }
}
