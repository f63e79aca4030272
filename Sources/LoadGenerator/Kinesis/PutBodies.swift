internal import KinesisProtocol
internal import NIOCore

/// Bodies of PutRecords or PutRecord, encoded once and sent many times.
package enum PutBodies {
    /// Different bodies, so that partition keys reach every shard.
    static let variants = 16

    /// - Parameters:
    ///   - recordsPerCall: 1 makes PutRecord.
    ///   - recordBytes: of each record's `Data` before base64.
    package static func make(stream: String, recordsPerCall: Int, recordBytes: Int) -> [KinesisRequest] {
        self.make(
            stream: stream,
            records: recordsPerCall,
            recordBytes: recordBytes,
            isSingle: recordsPerCall == 1,
            variants: self.variants
        )
    }

    /// A PutRecords body of the records that are left over when all other calls are full.
    static func rest(stream: String, records: Int, recordBytes: Int) -> KinesisRequest? {
        guard records > 0 else { return nil }
        return self.make(stream: stream, records: records, recordBytes: recordBytes, isSingle: false, variants: 1).first
    }

    private static func make(
        stream: String,
        records: Int,
        recordBytes: Int,
        isSingle: Bool,
        variants: Int
    ) -> [KinesisRequest] {
        var sample = SampleBytes(seed: UInt64(recordBytes))
        return (0..<variants).map { variant in
            var json = JSONWriter(into: ByteBuffer())
            json.beginStructure()
            json.member("StreamName")
            json.string(stream)
            if isSingle {
                self.write(&json, key: "key-\(variant)", sample.bytes(count: recordBytes))
            } else {
                json.member("Records")
                json.beginList()
                for index in 0..<records {
                    json.beginStructure()
                    self.write(&json, key: "key-\(variant)-\(index)", sample.bytes(count: recordBytes))
                    json.endStructure()
                }
                json.endList()
            }
            json.endStructure()
            return KinesisRequest(operation: isSingle ? "PutRecord" : "PutRecords", body: json.buffer)
        }
    }

    private static func write(_ json: inout JSONWriter, key: String, _ data: [UInt8]) {
        json.member("Data")
        data.withUnsafeBytes { json.blob($0) }
        json.member("PartitionKey")
        json.string(key)
    }
}
