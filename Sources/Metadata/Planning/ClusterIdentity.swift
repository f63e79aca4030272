package import Model

/// What the first start of a cluster decides, once: the value of `meta`.
///
/// ```
/// byte 0   format, 1
/// fields as in `Topic`: 1 cluster ID (UTF-8), 2 createdAt (zigzag varint, ms), 3 features (text map)
/// ```
package struct ClusterIdentity: Sendable, Hashable {
    /// Kafka's `cluster.id`: a UUID in 22 characters of URL-safe base64.
    package var clusterID: String
    package var createdAt: Timestamp
    /// Names of features in use with their levels, for upgrades.
    package var features: [String: String]

    package init(clusterID: String, createdAt: Timestamp, features: [String: String] = [:]) {
        self.clusterID = clusterID
        self.createdAt = createdAt
        self.features = features
    }

    package func encoded() -> [UInt8] {
        var writer = FieldWriter()
        writer.byte(1)
        writer.field(1) { $0.raw(self.clusterID.utf8) }
        writer.field(2) { $0.signed(self.createdAt) }
        writer.field(3) { $0.map(self.features) }
        return writer.bytes
    }

    /// Throws `.corrupt` or `.newerFormat`.
    package static func decode(_ bytes: [UInt8]) throws(MetadataError) -> ClusterIdentity {
        var reader = FieldReader(bytes[...])
        let format = try reader.byte()
        guard format <= 1 else {
            throw MetadataError(.newerFormat, "The cluster's metadata has format \(format), newer than this version.")
        }
        var identity = ClusterIdentity(clusterID: "", createdAt: 0)
        while !reader.isAtEnd {
            let tag = try reader.number()
            var field = try reader.sized()
            switch tag {
            case 1: identity.clusterID = try field.restAsText()
            case 2: identity.createdAt = try field.signed()
            case 3: identity.features = try field.map()
            default: break
            }
        }
        guard !identity.clusterID.isEmpty else {
            throw MetadataError(.corrupt, "The cluster's metadata has no cluster ID.")
        }
        return identity
    }

    /// Stores this identity unless there is one; in that case the outcome's range response has the existing entry.
    package func plan() -> MetadataTransaction {
        MetadataTransaction(
            compares: [.isMissing(MetadataKeys.cluster)],
            success: [.put(key: MetadataKeys.cluster, value: self.encoded())],
            failure: [.range(.key(MetadataKeys.cluster))]
        )
    }
}
