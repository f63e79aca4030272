/// What a quota limits: the keys of Kafka's client quotas.
package enum QuotaKind: String, CaseIterable, Sendable {
    /// Bytes of produce requests a second.
    case producerByteRate = "producer_byte_rate"
    /// Bytes of records in fetch answers a second.
    case consumerByteRate = "consumer_byte_rate"
    /// Time of one event loop that requests take, in per cent: 200 is all of two event loops.
    case requestPercentage = "request_percentage"
    /// Partitions created and deleted a second (KIP-599).
    case controllerMutationRate = "controller_mutation_rate"
    /// Connections of one address a second (KIP-612).
    case connectionCreationRate = "connection_creation_rate"

    /// Whether it is set for addresses, and not for users and client IDs.
    package var isOfAddresses: Bool { self == .connectionCreationRate }

    /// The highest value, and whether it must be a whole number: Kafka's LONG, INT and DOUBLE.
    private var type: (max: Double, name: String)? {
        switch self {
        case .producerByteRate, .consumerByteRate: (0x1p63, "LONG")
        case .connectionCreationRate: (2_147_483_647, "INT")
        case .requestPercentage, .controllerMutationRate: nil
        }
    }

    /// Why a value cannot be set; `nil` when it can.
    package func problem(with value: Double) -> String? {
        // Not a number is not above 0.
        guard value > 0 else { return "Quota \(self.rawValue) must be greater than 0" }
        guard value.isFinite else { return "Quota \(self.rawValue) must be finite" }
        guard let type else { return nil }
        guard value <= type.max else { return "Proposed value for \(self.rawValue) is too large for a \(type.name)." }
        let remainder = value.truncatingRemainder(dividingBy: 1)
        return abs(remainder) > 1e-6 ? "\(self.rawValue) cannot be a fractional value." : nil
    }
}
