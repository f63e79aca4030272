import KinesisProtocol
import NIOCore
import Testing

/// The messages are those that kinesalite's tests found in production.
@Suite struct ValidationTests {
    private func decode<Input: OperationInput>(_ type: Input.Type, _ json: String) throws(KinesisError) -> Input {
        try JSONReader.read(ByteBuffer(string: json)) { (reader) throws(KinesisError) in try Input(from: &reader) }
    }

    private func violations<Input: OperationInput>(_ type: Input.Type, _ json: String) -> [String] {
        do throws(KinesisError) {
            _ = try self.decode(type, json)
            return []
        } catch {
            #expect(error.code == .validation)
            let message = error.message ?? ""
            let parts = message.split(separator: " detected: ", maxSplits: 1)
            let list = parts.count == 2 ? String(parts[1]) : ""
            let found = list.split(separator: "; Value ").enumerated().map { $0 == 0 ? String($1) : "Value " + $1 }
            #expect(parts.first ?? "" == "\(found.count) validation error\(found.count == 1 ? "" : "s")")
            return found
        }
    }

    private static let long129 = String(repeating: "a", count: 129)
    private static let nameNotMatched =
        "Value '' at 'streamName' failed to satisfy constraint: "
        + "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
    private static let nameTooShort =
        "Value '' at 'streamName' failed to satisfy constraint: Member must have length greater than or equal to 1"
    private static let nameTooLong =
        "Value '\(long129)' at 'streamName' failed to satisfy constraint: "
        + "Member must have length less than or equal to 128"

    @Test func `CreateStream`() {
        #expect(
            self.violations(CreateStreamInput.self, "{}") == [
                "Value null at 'streamName' failed to satisfy constraint: Member must not be null"
            ]
        )
        #expect(
            self.violations(CreateStreamInput.self, #"{"StreamName":"","ShardCount":0}"#) == [
                "Value '0' at 'shardCount' failed to satisfy constraint: "
                    + "Member must have value greater than or equal to 1",
                Self.nameNotMatched, Self.nameTooShort,
            ]
        )
        #expect(
            self.violations(
                CreateStreamInput.self,
                #"{"StreamName":"\#(Self.long129)","ShardCount":100000000000}"#
            ) == [
                "Value '2147483647' at 'shardCount' failed to satisfy constraint: "
                    + "Member must have value less than or equal to 100000",
                Self.nameTooLong,
            ]
        )
        #expect(
            self.violations(
                CreateStreamInput.self,
                #"{"StreamName":"a","StreamModeDetails":{"StreamMode":"X"},"MaxRecordSizeInKiB":1,"Tags":{}}"#
            ) == [
                "Value 'X' at 'streamModeDetails.streamMode' failed to satisfy constraint: "
                    + "Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]",
                "Value '{}' at 'tags' failed to satisfy constraint: "
                    + "Member must have length greater than or equal to 1",
                "Value '1' at 'maxRecordSizeInKiB' failed to satisfy constraint: "
                    + "Member must have value greater than or equal to 1024",
            ]
        )
    }

    @Test func `PutRecords`() {
        #expect(
            self.violations(PutRecordsInput.self, "{}") == [
                "Value null at 'records' failed to satisfy constraint: Member must not be null"
            ]
        )
        #expect(
            self.violations(PutRecordsInput.self, #"{"StreamName":"","Records":[]}"#) == [
                "Value '[]' at 'records' failed to satisfy constraint: "
                    + "Member must have length greater than or equal to 1",
                Self.nameNotMatched, Self.nameTooShort,
            ]
        )
        #expect(
            self.violations(
                PutRecordsInput.self,
                #"{"StreamName":"","Records":[{"PartitionKey":"","Data":"","ExplicitHashKey":""}]}"#
            ) == [
                "Value '' at 'records.1.member.partitionKey' failed to satisfy constraint: "
                    + "Member must have length greater than or equal to 1",
                "Value '' at 'records.1.member.explicitHashKey' failed to satisfy constraint: "
                    + #"Member must satisfy regular expression pattern: 0|([1-9]\d{0,38})"#,
                Self.nameNotMatched, Self.nameTooShort,
            ]
        )
        #expect(
            self.violations(PutRecordsInput.self, #"{"StreamName":"a","Records":[{},null]}"#) == [
                "Value null at 'records.1.member.data' failed to satisfy constraint: Member must not be null",
                "Value null at 'records.2.member.data' failed to satisfy constraint: Member must not be null",
            ]
        )
        let many = repeatElement(#"{"PartitionKey":"","Data":""}"#, count: 501).joined(separator: ",")
        let found = self.violations(PutRecordsInput.self, #"{"StreamName":"a","Records":[\#(many)]}"#)
        #expect(found.count == 10)
        #expect(
            found.first?.hasSuffix(
                "at 'records' failed to satisfy constraint: "
                    + "Member must have length less than or equal to 500"
            ) == true
        )
        #expect(found.last?.contains("'records.9.member.partitionKey'") == true)
    }

    @Test func `a key of 256 code points is good, one of 257 is not`() {
        let json = { (count: Int) in
            #"{"StreamName":"a","Records":[{"PartitionKey":"\#(String(repeating: "é", count: count))","Data":""}]}"#
        }
        #expect(self.violations(PutRecordsInput.self, json(256)).isEmpty)
        #expect(self.violations(PutRecordsInput.self, json(257)).count == 1)
    }

    @Test func `the refusal of a record that is too large says whether its data or its key is`() throws {
        func message(data: Int, key: String) throws -> String? {
            let json = #"{"StreamName":"s","PartitionKey":"\#(key)","Data":""}"#
            let input = try self.decode(PutRecordInput.self, json)
            var entry = input.entry
            entry.data = ByteRange(start: 0, count: data)
            var violations = ConstraintViolations()
            violations.requireSize(entry, in: input.payload, atMost: 100, at: "records.3.member.")
            do throws(KinesisError) {
                try violations.check()
                return nil
            } catch {
                return error.message
            }
        }
        #expect(try message(data: 98, key: "kk") == nil)
        #expect(
            try message(data: 101, key: "kk") == "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 "
                + "lim=101 cap=101]' at 'records.3.member.data' failed to satisfy constraint: "
                + "Member must have length less than or equal to 100"
        )
        #expect(
            try message(data: 100, key: "kk") == "1 validation error detected: Value 'kk' at "
                + "'records.3.member.partitionKey' failed to satisfy constraint: "
                + "Member and data must together have length less than or equal to 100, and have 102"
        )
    }

    @Test(
        arguments: [
            (#""a":"1","a":"2""#, "because tag key a is given more than once"),
            (#""AWS:x":"1""#, "because tag keys that begin with aws: are reserved"),
            (#""a!":"1""#, "Some tags contain invalid characters."), (#""a":"*""#, "Some tags contain invalid"),
            (#""a\tb":"1""#, "Some tags contain invalid"), (#""a":"1\n2""#, "Some tags contain invalid"),
            (#""a,b":"1""#, "Some tags contain invalid"),
            ((0..<51).map { "\"k\($0)\":\"\"" }.joined(separator: ","), "cannot have more than 50 tags"),
        ]
    )
    func `tags that AWS refuses are refused`(_ tags: String, _ reason: String) throws {
        let input = try self.decode(CreateStreamInput.self, #"{"StreamName":"s","Tags":{\#(tags)}}"#)
        let error = #expect(throws: KinesisError.self) { try input.checkTags(account: "1") }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message?.contains(reason) == true)
    }

    @Test func `tags may hold letters of any script, digits, spaces and nine signs`() throws {
        let many = (0..<49).map { "\"k\($0)\":\"\"" }.joined(separator: ",")
        let json = #"{"StreamName":"s","Tags":{"Größe 名 7_./=+-%@:":"wert x",\#(many)}}"#
        let input = try self.decode(CreateStreamInput.self, json)
        #expect(input.tags?.count == 50)
        try input.checkTags(account: "1")
    }

    @Test func `data of more than 10 MiB`() throws {
        var input = try self.decode(PutRecordInput.self, #"{"StreamName":"a","PartitionKey":"k","Data":""}"#)
        input.entry.data = ByteRange(start: 0, count: 10_485_761)
        var violations = ConstraintViolations()
        input.validate(&violations)
        #expect(
            throws: KinesisError(
                .validation,
                "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=10485761 cap=10485761]' at "
                    + "'data' failed to satisfy constraint: Member must have length less than or equal to 10485760"
            )
        ) { try violations.check() }
    }

    @Test func `GetShardIterator`() {
        #expect(
            self.violations(GetShardIteratorInput.self, "{}") == [
                "Value null at 'shardId' failed to satisfy constraint: Member must not be null",
                "Value null at 'shardIteratorType' failed to satisfy constraint: Member must not be null",
            ]
        )
        #expect(
            self.violations(
                GetShardIteratorInput.self,
                #"{"StreamName":"","ShardIteratorType":"","ShardId":"","StartingSequenceNumber":""}"#
            ) == [
                "Value '' at 'shardId' failed to satisfy constraint: "
                    + "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
                "Value '' at 'shardId' failed to satisfy constraint: "
                    + "Member must have length greater than or equal to 1",
                "Value '' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: "
                    + "[AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]",
                "Value '' at 'startingSequenceNumber' failed to satisfy constraint: "
                    + #"Member must satisfy regular expression pattern: 0|([1-9]\d{0,128})"#,
                Self.nameNotMatched, Self.nameTooShort,
            ]
        )
    }

    @Test func `GetRecords`() {
        #expect(
            self.violations(GetRecordsInput.self, #"{"ShardIterator":"","Limit":0}"#) == [
                "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
                "Value '' at 'shardIterator' failed to satisfy constraint: "
                    + "Member must have length greater than or equal to 1",
            ]
        )
        let long = String(repeating: "a", count: 513)
        #expect(self.violations(GetRecordsInput.self, #"{"ShardIterator":"\#(long)","Limit":100000}"#).count == 2)
    }

    @Test func `ListShards`() {
        #expect(
            self.violations(
                ListShardsInput.self,
                #"{"StreamName":"","NextToken":"","MaxResults":0,"ExclusiveStartShardId":""}"#
            ) == [
                "Value '0' at 'maxResults' failed to satisfy constraint: "
                    + "Member must have value greater than or equal to 1",
                "Value '' at 'exclusiveStartShardId' failed to satisfy constraint: "
                    + "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
                "Value '' at 'exclusiveStartShardId' failed to satisfy constraint: "
                    + "Member must have length greater than or equal to 1",
                Self.nameNotMatched, Self.nameTooShort,
                "Value '' at 'nextToken' failed to satisfy constraint: "
                    + "Member must have length greater than or equal to 1",
            ]
        )
    }

    @Test(
        arguments: [
            ("{}", "Either NextToken or StreamName should be provided."),
            (#"{"StreamName":"a","NextToken":"b"}"#, "NextToken and StreamName cannot be provided together."),
            (
                #"{"StreamARN":"arn:aws:kinesis:r:123456789012:stream/s","NextToken":"b"}"#,
                "NextToken and StreamARN cannot be provided together."
            ),
            (
                #"{"ExclusiveStartShardId":"a","NextToken":"b"}"#,
                "NextToken and ExclusiveStartShardId cannot be provided together."
            ),
            (
                #"{"ShardFilter":{"Type":"AT_LATEST"},"NextToken":"b"}"#,
                "NextToken and ShardFilter cannot be provided together."
            ),
        ]
    )
    func `members of ListShards exclude one another`(_ json: String, _ text: String) throws {
        let input = try self.decode(ListShardsInput.self, json)
        #expect(throws: KinesisError(.invalidArgument, text)) { _ = try input.checkedFilter() }
    }

    @Test(
        arguments: [
            ("arn:aws:kinesis:us-east-1:123456789012:stream/a", true),
            ("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/a.b-c_d", true),
            ("arn:aws:kinesis:us-east-1:12345678901:stream/a", false),
            ("arn:aws:kinesis:us-east-1:123456789012:stream/", false),
            ("arn:aws:kinesis:us-east-1:123456789012:stream/a b", false),
            ("arn:aws:sqs:us-east-1:123456789012:stream/a", false), ("", false), ("a", false),
        ]
    )
    func `stream ARNs`(_ text: String, _ isValid: Bool) throws {
        let json = #"{"StreamARN":"\#(text)"}"#
        let found = self.violations(DeleteStreamInput.self, json)
        #expect(found.isEmpty == isValid)
        if isValid { #expect(StreamARN(text: text)?.description == text) }
    }

    @Test func `a stream is named by name, ARN, or both alike`() throws {
        let arn = "arn:aws:kinesis:us-east-1:123456789012:stream/a"
        #expect(try StreamReference(name: "a").resolved() == "a")
        #expect(try StreamReference(arn: arn).resolved() == "a")
        #expect(try StreamReference(name: "a", arn: arn).resolved() == "a")
        #expect(throws: KinesisError.self) { try StreamReference(name: "b", arn: arn).resolved() }
        #expect(throws: KinesisError.self) { try StreamReference().resolved() }
    }

    @Test func `long values are not echoed whole`() {
        let long = String(repeating: "é", count: 100_000)
        let found = self.violations(DeleteStreamInput.self, #"{"StreamName":"\#(long)"}"#)
        #expect(found.count == 2)
        #expect(found.allSatisfy { $0.utf8.count < 4400 })
    }
}
