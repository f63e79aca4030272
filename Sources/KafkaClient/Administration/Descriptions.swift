package import Model

/// A setting of a topic.
package struct ConfigEntry: Sendable, Equatable {
    package var name: String
    /// `nil` for a secret.
    package var value: String?
    /// Whether it was set for this topic, instead of being inherited.
    package var isSet: Bool
}

/// A group as its coordinator lists it.
package struct GroupListing: Sendable, Equatable {
    package var groupID: String
    package var protocolType: String
    /// Empty from a broker that does not tell.
    package var state: String
    package var type: String
}

package struct GroupDescription: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        package var memberID: String
        package var instanceID: String?
        package var clientID: String
        package var host: String
        package var assignment: [NamedPartition]
    }

    package var groupID: String
    package var state: String
    package var protocolType: String
    /// The assignor.
    package var protocolName: String
    package var members: [Member]
}

/// How far a group has come in one partition.
package struct GroupProgress: Sendable, Equatable {
    package var partition: NamedPartition
    /// `nil` when the group has committed nothing there.
    package var committed: Offset?
    /// The offset after the last record; `nil` when the partition is gone.
    package var end: Offset?

    package var lag: Int64? {
        guard let committed, let end else { return nil }
        return max(0, end - committed)
    }
}

package struct ClusterDescription: Sendable, Equatable {
    package var clusterID: String
    package var controllerID: BrokerID?
    package var brokers: [BrokerID: BrokerAddress]
}
