internal import KinesisProtocol
internal import LeaseTables

/// A table as DescribeTable and its relatives tell of it.
struct TableDescription: Sendable {
    enum Status: String {
        case active = "ACTIVE"
        case deleting = "DELETING"
    }

    var table: Table
    var status = Status.active
    var itemCount: Int
    var itemBytes: Int

    init(_ table: Table, in machine: TableMachine, status: Status = .active) {
        self.table = table
        self.status = status
        self.itemCount = machine.itemCount(of: table)
        self.itemBytes = machine.itemBytes(of: table)
    }

    func write(to json: inout JSONWriter, for caller: Caller) {
        let arn = caller.tableARN(self.table.name)
        json.beginStructure()
        json.member("TableName")
        json.string(self.table.name)
        json.member("TableArn")
        json.string(arn)
        json.member("TableStatus")
        json.string(self.status.rawValue)
        json.member("CreationDateTime")
        json.timestamp(self.table.createdAt)
        json.member("AttributeDefinitions")
        json.list(self.table.attributeTypes.sorted { $0.key < $1.key }) { json, attribute in
            json.beginStructure()
            json.member("AttributeName")
            json.string(attribute.key)
            json.member("AttributeType")
            json.string(attribute.value.rawValue)
            json.endStructure()
        }
        Self.write(self.table.key, to: &json)
        Self.write(self.table.throughput ?? .none, to: &json)
        json.member("BillingModeSummary")
        json.beginStructure()
        json.member("BillingMode")
        json.string(self.table.throughput == nil ? "PAY_PER_REQUEST" : "PROVISIONED")
        json.endStructure()
        json.member("TableSizeBytes")
        json.integer(Int64(self.itemBytes))
        json.member("ItemCount")
        json.integer(Int64(self.itemCount))
        json.member("DeletionProtectionEnabled")
        json.boolean(self.table.isDeletionProtected)
        if !self.table.indexes.isEmpty {
            json.member("GlobalSecondaryIndexes")
            json.list(self.table.indexes) { self.write($1, of: arn, to: &$0) }
        }
        json.endStructure()
    }

    private func write(_ index: SecondaryIndex, of arn: String, to json: inout JSONWriter) {
        json.beginStructure()
        json.member("IndexName")
        json.string(index.name)
        json.member("IndexArn")
        json.string("\(arn)/index/\(index.name)")
        json.member("IndexStatus")
        json.string(Status.active.rawValue)
        Self.write(index.key, to: &json)
        json.member("Projection")
        json.beginStructure()
        json.member("ProjectionType")
        json.string(index.projection == .all ? "ALL" : "KEYS_ONLY")
        json.endStructure()
        Self.write(index.throughput, to: &json)
        json.endStructure()
    }

    private static func write(_ schema: KeySchema, to json: inout JSONWriter) {
        json.member("KeySchema")
        json.list(zip(schema.names, ["HASH", "RANGE"])) { json, element in
            json.beginStructure()
            json.member("AttributeName")
            json.string(element.0)
            json.member("KeyType")
            json.string(element.1)
            json.endStructure()
        }
    }

    private static func write(_ throughput: Throughput, to json: inout JSONWriter) {
        json.member("ProvisionedThroughput")
        json.beginStructure()
        json.member("NumberOfDecreasesToday")
        json.integer(0)
        json.member("ReadCapacityUnits")
        json.integer(throughput.readUnits)
        json.member("WriteCapacityUnits")
        json.integer(throughput.writeUnits)
        json.endStructure()
    }
}

extension Caller {
    func tableARN(_ name: String) -> String {
        "arn:\(self.partition):dynamodb:\(self.region):\(self.account):table/\(name)"
    }
}
