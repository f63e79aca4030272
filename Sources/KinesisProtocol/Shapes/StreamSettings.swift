/// IncreaseStreamRetentionPeriod and DecreaseStreamRetentionPeriod.
package struct RetentionInput: OperationInput, Equatable {
    package var stream = StreamReference()
    package var hours: Int32?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "RetentionPeriodHours": self.hours = try reader.readInteger()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requirePresent(self.hours, at: "retentionPeriodHours")
        self.stream.validate(&violations)
    }
}

/// StartStreamEncryption and StopStreamEncryption.
package struct EncryptionInput: OperationInput, Equatable {
    package var stream = StreamReference()
    package var type: String?
    package var keyID: String?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "EncryptionType": self.type = try reader.readString()
        case "KeyId": self.keyID = try reader.readString()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requirePresent(self.type, at: "encryptionType")
        violations.requireMember(self.type, of: ["NONE", "KMS"], at: "encryptionType")
        violations.requirePresent(self.keyID, at: "keyId")
        violations.requireLength(self.keyID, in: 1...2048, at: "keyId")
        self.stream.validate(&violations)
    }
}

/// What can be measured of each shard, as the API names it.
package enum ShardMetric: String, Sendable, CaseIterable {
    case incomingBytes = "IncomingBytes"
    case incomingRecords = "IncomingRecords"
    case outgoingBytes = "OutgoingBytes"
    case outgoingRecords = "OutgoingRecords"
    case writeProvisionedThroughputExceeded = "WriteProvisionedThroughputExceeded"
    case readProvisionedThroughputExceeded = "ReadProvisionedThroughputExceeded"
    case iteratorAgeMilliseconds = "IteratorAgeMilliseconds"

    /// Stands for all of them.
    package static let all = "ALL"
}

/// EnableEnhancedMonitoring and DisableEnhancedMonitoring.
package struct MonitoringInput: OperationInput, Equatable {
    package var stream = StreamReference()
    package var metrics: [String]?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "ShardLevelMetrics": self.metrics = try reader.readStrings()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requirePresent(self.metrics, at: "shardLevelMetrics")
        if let metrics {
            violations.requireCount(metrics, in: 1...7, at: "shardLevelMetrics")
            let names = ShardMetric.allCases.map(\.rawValue) + [ShardMetric.all]
            if metrics.contains(where: { !names.contains($0) }) {
                violations.add(
                    "[\(metrics.joined(separator: ", "))]",
                    at: "shardLevelMetrics",
                    "Member must satisfy constraint: [Member must satisfy enum value set: "
                        + "[\(names.joined(separator: ", "))]]"
                )
            }
        }
        self.stream.validate(&violations)
    }
}

package struct MonitoringOutput: OperationOutput, Sendable {
    package var streamName: String
    package var streamARN: String
    /// Before the change.
    package var current: [ShardMetric]
    package var desired: [ShardMetric]

    package init(streamName: String, streamARN: String, current: [ShardMetric], desired: [ShardMetric]) {
        self.streamName = streamName
        self.streamARN = streamARN
        self.current = current
        self.desired = desired
    }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("StreamName", self.streamName)
        writer.member("CurrentShardLevelMetrics", metrics: self.current)
        writer.member("DesiredShardLevelMetrics", metrics: self.desired)
        writer.member("StreamARN", self.streamARN)
        writer.endStructure()
    }
}

extension ShapeWriter {
    mutating func member(_ name: StaticString, metrics: [ShardMetric]) {
        self.member(name)
        self.beginList()
        for metric in metrics { self.string(metric.rawValue) }
        self.endList()
    }
}

/// UpdateStreamMode, UpdateMaxRecordSize, UpdateStreamWarmThroughput and UpdateStreamRecordDistributionStrategy.
package struct UpdateStreamInput: OperationInput, Equatable {
    package var stream = StreamReference()
    package var hasModeDetails = false
    package var mode: String?
    package var maxRecordSizeInKiB: Int32?
    package var warmThroughputMiBps: Int32?
    package var distribution: String?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "StreamModeDetails":
            var mode: String?
            self.hasModeDetails = try reader.readStructure { (reader, member) throws(KinesisError) in
                switch member {
                case "StreamMode": mode = try reader.readString()
                default: try reader.skip()
                }
            }
            self.mode = mode
        case "MaxRecordSizeInKiB": self.maxRecordSizeInKiB = try reader.readInteger()
        case "WarmThroughputMiBps": self.warmThroughputMiBps = try reader.readInteger()
        case "RecordDistributionStrategy": self.distribution = try reader.readString()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requireMember(
            self.mode,
            of: CapacityMode.allCases.map(\.rawValue),
            at: "streamModeDetails.streamMode"
        )
        violations.requireValue(self.maxRecordSizeInKiB, in: 1024...10_240, at: "maxRecordSizeInKiB")
        violations.requireValue(self.warmThroughputMiBps, in: 0...Int32.max, at: "warmThroughputMiBps")
        violations.requireMember(
            self.distribution,
            of: RecordDistributionStrategy.allCases.map(\.rawValue),
            at: "recordDistributionStrategy"
        )
        self.stream.validate(&violations)
    }

    package enum Member {
        case mode
        case maxRecordSize
        case warmThroughput
        case distribution
    }

    /// - Parameter needsARN: the model takes the stream by its ARN only.
    /// - Throws: `ValidationException` when a member is missing that the operation requires.
    package func require(_ member: Member, needsARN: Bool) throws(KinesisError) {
        var violations = ConstraintViolations()
        switch member {
        case .mode:
            if self.hasModeDetails {
                violations.requirePresent(self.mode, at: "streamModeDetails.streamMode")
            } else {
                violations.requirePresent(self.mode, at: "streamModeDetails")
            }
        case .maxRecordSize: violations.requirePresent(self.maxRecordSizeInKiB, at: "maxRecordSizeInKiB")
        case .warmThroughput: violations.requirePresent(self.warmThroughputMiBps, at: "warmThroughputMiBps")
        case .distribution: violations.requirePresent(self.distribution, at: "recordDistributionStrategy")
        }
        if needsARN { violations.requirePresent(self.stream.arn, at: "streamARN") }
        try violations.check()
    }
}

package struct WarmThroughputOutput: OperationOutput, Sendable {
    package var streamName: String
    package var streamARN: String
    package var mebibytesPerSecond: Int64

    package init(streamName: String, streamARN: String, mebibytesPerSecond: Int64) {
        self.streamName = streamName
        self.streamARN = streamARN
        self.mebibytesPerSecond = mebibytesPerSecond
    }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("StreamARN", self.streamARN)
        writer.member("StreamName", self.streamName)
        writer.memberWarmThroughput(self.mebibytesPerSecond)
        writer.endStructure()
    }
}

extension ShapeWriter {
    /// What is asked for is there at once: nothing has to be warmed.
    mutating func memberWarmThroughput(_ mebibytesPerSecond: Int64) {
        self.member("WarmThroughput")
        self.beginStructure()
        self.member("TargetMiBps", mebibytesPerSecond)
        self.member("CurrentMiBps", mebibytesPerSecond)
        self.endStructure()
    }
}

package struct DescribeLimitsInput: OperationInput, Equatable {
    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        try reader.skip()
    }

    package func validate(_ violations: inout ConstraintViolations) {}
}

package struct DescribeLimitsOutput: OperationOutput, Sendable {
    package var shardLimit: Int
    package var openShardCount: Int
    package var onDemandStreamCount: Int
    package var onDemandStreamCountLimit: Int

    package init(shardLimit: Int, openShardCount: Int, onDemandStreamCount: Int, onDemandStreamCountLimit: Int) {
        self.shardLimit = shardLimit
        self.openShardCount = openShardCount
        self.onDemandStreamCount = onDemandStreamCount
        self.onDemandStreamCountLimit = onDemandStreamCountLimit
    }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("ShardLimit", Int64(self.shardLimit))
        writer.member("OpenShardCount", Int64(self.openShardCount))
        writer.member("OnDemandStreamCount", Int64(self.onDemandStreamCount))
        writer.member("OnDemandStreamCountLimit", Int64(self.onDemandStreamCountLimit))
        writer.endStructure()
    }
}
