/// What a client may do, as bit fields of Kafka's `AclOperation` codes (KIP-430). Without an authorizer, everything
/// that the kind of resource supports.
enum AuthorizedOperations {
    private static let read: Int32 = 1 << 3
    private static let write: Int32 = 1 << 4
    private static let create: Int32 = 1 << 5
    private static let delete: Int32 = 1 << 6
    private static let alter: Int32 = 1 << 7
    private static let describe: Int32 = 1 << 8
    private static let clusterAction: Int32 = 1 << 9
    private static let describeConfigs: Int32 = 1 << 10
    private static let alterConfigs: Int32 = 1 << 11
    private static let idempotentWrite: Int32 = 1 << 12

    static let cluster =
        Self.create | Self.clusterAction | Self.describeConfigs | Self.alterConfigs | Self.idempotentWrite
        | Self.alter | Self.describe
    static let topic =
        Self.read | Self.write | Self.create | Self.describe | Self.delete | Self.alter | Self.describeConfigs
        | Self.alterConfigs
    static let group = Self.read | Self.describe | Self.delete | Self.describeConfigs | Self.alterConfigs
}
