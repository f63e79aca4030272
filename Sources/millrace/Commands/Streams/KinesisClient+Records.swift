internal import FoundationEssentials
internal import Model
internal import Text

/// Records in and out.
extension KinesisClient {
    struct PutEntry: Sendable {
        var partitionKey: String
        var data: Data
    }

    struct Record: Decodable, Sendable {
        var SequenceNumber: String
        /// Seconds since the epoch.
        var ApproximateArrivalTimestamp: Double?
        var Data: Data
        var PartitionKey: String
    }

    struct Page: Decodable, Sendable {
        struct Child: Decodable, Sendable {
            var ShardId: String
        }

        var Records: [Record]
        var NextShardIterator: String?
        var MillisBehindLatest: Int64?
        var ChildShards: [Child]?
    }

    /// Where reading begins.
    enum Start: Sendable {
        case earliest
        case latest
        case timestamp(Timestamp)
        /// Behind this sequence number.
        case after(String)
    }

    /// - Returns: those that were refused and may be tried again, in their order.
    /// - Throws: `Refused`, also when a record was refused for good.
    func put(_ records: [PutEntry], to name: String) async throws -> [PutEntry] {
        struct Answer: Decodable {
            struct Result: Decodable {
                var ErrorCode: String?
                var ErrorMessage: String?
            }
            var Records: [Result]
        }
        let answer: Answer = try await self.call("PutRecords") { json in
            Self.writeName(name, to: &json)
            json.key("Records")
            json.array { json in
                for record in records {
                    json.object { json in
                        json.key("Data")
                        json.string(record.data.base64EncodedString())
                        json.key("PartitionKey")
                        json.string(record.partitionKey)
                    }
                }
            }
        }
        var again: [PutEntry] = []
        for (record, result) in zip(records, answer.Records) {
            guard let code = result.ErrorCode else { continue }
            let refusal = Refused(code: code, description: "\(result.ErrorMessage ?? "a record was refused") (\(code))")
            guard refusal.isThrottling else { throw refusal }
            again.append(record)
        }
        return again
    }

    func shardIterator(_ name: String, shard: String, _ start: Start) async throws -> String {
        struct Answer: Decodable {
            var ShardIterator: String
        }
        let answer: Answer = try await self.call("GetShardIterator") { json in
            Self.writeName(name, to: &json)
            json.key("ShardId")
            json.string(shard)
            json.key("ShardIteratorType")
            switch start {
            case .earliest: json.string("TRIM_HORIZON")
            case .latest: json.string("LATEST")
            case .timestamp(let milliseconds):
                json.string("AT_TIMESTAMP")
                json.key("Timestamp")
                json.literal("\(Double(milliseconds) / 1000)")
            case .after(let number):
                json.string("AFTER_SEQUENCE_NUMBER")
                json.key("StartingSequenceNumber")
                json.string(number)
            }
        }
        return answer.ShardIterator
    }

    func records(at iterator: String) async throws -> Page {
        try await self.call("GetRecords") { json in
            json.key("ShardIterator")
            json.string(iterator)
        }
    }
}
