internal import Metadata
package import Model

/// The server at one moment.
package struct OverviewView: Sendable {
    package var clusterID: String
    package var brokerID: Int32
    package var version: String
    /// Milliseconds since the epoch.
    package var startedAt: Int64
    package var now: Int64
    package var topics: Int
    package var partitions: Int
    package var offlinePartitions: Int
    package var damagedRanges: Int
    package var sizeBytes: Int64
    /// Of the file system that holds the log; `nil` when it is not known.
    package var diskFreeBytes: Int64?
    package var diskSizeBytes: Int64?
    package var groups: Int
    /// Groups by how they are doing, worst first; only those that are not `ok`, few of them.
    package var worstGroups: [GroupRow]
    package var largestTopics: [TopicRow]
    package var kafka: FaceView
    package var kinesis: FaceView
    /// Bytes that connections hold in buffers, and may hold.
    package var connectionBufferBytes: Int
    /// Why clients are not served; `nil` when they are.
    package var problem: String?
    /// What rings, critical ones first.
    package var alarms: [AlarmRow] = []
}

/// What one protocol has done since the start.
package struct FaceView: Sendable, Equatable {
    package var connections: Int
    package var requests: UInt64
    package var requestsFailed: UInt64
    package var bytesReceived: UInt64
    package var bytesSent: UInt64
    package var recordsAppended: UInt64
    package var recordBytesAppended: UInt64
    package var recordBytesRead: UInt64
}

/// Who reads a stream by Kinesis' ways: a registered consumer of enhanced fan-out or a KCL application.
package struct ReaderRow: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case fanOut = "fan-out"
        case kcl
    }

    package var stream: String
    package var name: String
    package var kind: Kind
    /// Milliseconds since the epoch; `nil` of an application.
    package var createdAt: Timestamp?
    /// Of an application.
    package var workers: Int
    /// `nil` of consumers of enhanced fan-out, which leave no offset behind, as the next ones.
    package var lagRecords: Int64?
    package var lagSeconds: Double?
    package var status: String?
}

/// A setting of the broker or of a topic.
package struct SettingRow: Sendable, Equatable {
    package var name: String
    /// `nil`: not set, or secret.
    package var value: String?
    /// Kafka's name, for example `DYNAMIC_TOPIC_CONFIG`.
    package var source: String
    /// What it is without any setting.
    package var defaultValue: String?
    /// Kafka's name, for example `LONG`.
    package var type: String
    /// What may be chosen, or the range, in words; empty when anything of the type may be.
    package var allowed: String
    /// It cannot be changed while the broker runs.
    package var isReadOnly: Bool
    package var isSensitive: Bool
    /// Set for this one rather than inherited.
    package var isSet: Bool
    package var help: String
}

/// Who is connected, by protocol and address.
package struct ClientRow: Sendable, Equatable {
    package var address: String
    /// `kafka` or `kinesis`
    package var face: String
    package var connections: Int

    package init(address: String, face: String, connections: Int) {
        self.address = address
        self.face = face
        self.connections = connections
    }
}

extension SettingRow {
    init(_ config: ResolvedConfig, rule: ConfigDefinition.Rule?) {
        self.init(
            name: config.name,
            value: config.value,
            source: config.source.name,
            defaultValue: Self.defaultValue(of: config),
            type: config.type.name,
            allowed: rule.map(Self.text) ?? "",
            isReadOnly: config.isReadOnly,
            isSensitive: config.isSensitive,
            isSet: config.source != .defaultConfig,
            help: config.documentation
        )
    }

    /// In the setting's own unit: its last synonym may count hours or minutes where it counts milliseconds.
    private static func defaultValue(of config: ResolvedConfig) -> String? {
        guard config.source != .defaultConfig else { return config.value }
        guard let last = config.synonyms.last(where: { $0.source == .defaultConfig }) else { return nil }
        guard config.name.hasSuffix(".ms"), let count = last.value.flatMap({ Int64($0) }), count >= 0 else {
            return last.value
        }
        if last.name.hasSuffix(".hours") { return String(count * 3_600_000) }
        if last.name.hasSuffix(".minutes") { return String(count * 60_000) }
        return last.value
    }

    private static func text(_ rule: ConfigDefinition.Rule) -> String {
        switch rule {
        case .any: ""
        case .atLeast(let low): "at least \(low)"
        case .between(let low, let high): "from \(low) to \(high)"
        case .betweenOr(let low, let high, let other): "from \(low) to \(high), or \(other)"
        case .fraction: "from 0 to 1"
        case .oneOf(let choices): "one of: " + choices.joined(separator: ", ")
        case .listOf(let choices): "a list of: " + choices.joined(separator: ", ")
        case .replicas: "*, or partitions with brokers as 0:1,0:2"
        case .partitionSeries: "off, all, or top:N with N from 1 to 10000"
        }
    }
}
