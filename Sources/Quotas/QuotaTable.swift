package import Model

/// Who sends a request, as quotas see it.
package struct QuotaClient: Hashable, Sendable {
    /// The principal's name.
    package var user: String
    /// What the client calls itself; may be empty, and then only defaults of client IDs are for it.
    package var clientID: String

    package init(user: String, clientID: String) {
        self.user = user
        self.clientID = clientID
    }
}

/// All quotas that are set, and which of them is a client's: the most specific one, in Kafka's order.
///
/// | | user | client ID | counted together |
/// | --- | --- | --- | --- |
/// | 1 | named | named | the pair |
/// | 2 | named | default | the pair |
/// | 3 | named | – | all clients of the user |
/// | 4 | default | named | the pair |
/// | 5 | default | default | the pair |
/// | 6 | default | – | all clients of the user |
/// | 7 | – | named | all users of the client ID |
/// | 8 | – | default | all users of the client ID |
package struct QuotaTable: Sendable {
    /// The quota that is a client's.
    package struct Limit: Hashable, Sendable {
        /// Whose requests are counted together; an empty part stands for everybody.
        package var scope: QuotaClient
        package var bound: Double
    }

    private struct ClientEntity: Hashable {
        var user: QuotaEntity.Name?
        var clientID: QuotaEntity.Name?
    }

    /// The quotas of one kind. Most are set on one level only, so the others are not looked up.
    private struct Limits {
        var bounds: [ClientEntity: Double] = [:]
        /// How many are set on each level of the table above.
        var counts = InlineArray<8, Int>(repeating: 0)
    }

    private var entities: [QuotaEntity: [QuotaKind: Double]] = [:]
    private var limits: [Limits] = QuotaKind.allCases.map { _ in Limits() }
    private var addressBounds: [NetworkAddress: Double] = [:]
    private var addressBoundByDefault: Double?

    package init() {}

    /// How many entities have quotas.
    package var count: Int { self.entities.count }

    package var all: [QuotaEntity: [QuotaKind: Double]] { self.entities }

    package subscript(entity: QuotaEntity) -> [QuotaKind: Double] { self.entities[entity] ?? [:] }

    /// Sets all quotas of an entity; an entity without any is forgotten.
    package mutating func set(_ quotas: [QuotaKind: Double], for entity: QuotaEntity) {
        let before = self[entity]
        self.entities[entity] = quotas.isEmpty ? nil : quotas
        for kind in QuotaKind.allCases where before[kind] != quotas[kind] {
            self.set(kind, before[kind], quotas[kind], for: entity)
        }
    }

    private mutating func set(_ kind: QuotaKind, _ before: Double?, _ bound: Double?, for entity: QuotaEntity) {
        if let address = entity.address {
            switch address {
            case .byDefault: self.addressBoundByDefault = bound
            case .named(let text):
                if let address = NetworkAddress(text) { self.addressBounds[address] = bound }
            }
            return
        }
        let client = ClientEntity(user: entity.user, clientID: entity.clientID)
        self.limits[kind.index].bounds[client] = bound
        let change = (bound == nil ? 0 : 1) - (before == nil ? 0 : 1)
        self.limits[kind.index].counts[Self.level(of: client)] += change
    }

    /// Where an entity stands in the table above, from 0.
    private static func level(of entity: ClientEntity) -> Int {
        switch (entity.user, entity.clientID) {
        case (.named, .named): 0
        case (.named, .byDefault): 1
        case (.named, nil): 2
        case (.byDefault, .named): 3
        case (.byDefault, .byDefault): 4
        case (.byDefault, nil): 5
        case (nil, .named): 6
        case (nil, .byDefault), (nil, nil): 7
        }
    }

    /// Whether anybody has a quota of a kind.
    package func isLimited(_ kind: QuotaKind) -> Bool {
        guard !kind.isOfAddresses else { return self.addressBoundByDefault != nil || !self.addressBounds.isEmpty }
        return !self.limits[kind.index].bounds.isEmpty
    }

    /// The quota of a client; `nil` when none is for it.
    package func limit(_ kind: QuotaKind, of client: QuotaClient) -> Limit? {
        guard !self.limits[kind.index].bounds.isEmpty else { return nil }
        for level in 0..<8 where self.limits[kind.index].counts[level] > 0 {
            let user: QuotaEntity.Name? = level < 3 ? .named(client.user) : level < 6 ? .byDefault : nil
            let clientID: QuotaEntity.Name? =
                switch level {
                case 0, 3, 6: .named(client.clientID)
                case 1, 4, 7: .byDefault
                default: nil
                }
            let entity = ClientEntity(user: user, clientID: clientID)
            guard let bound = self.limits[kind.index].bounds[entity] else { continue }
            let scope = QuotaClient(
                user: user == nil ? "" : client.user,
                clientID: clientID == nil ? "" : client.clientID
            )
            return Limit(scope: scope, bound: bound)
        }
        return nil
    }

    /// How many connections an address may make in a second; `nil` when that is not limited.
    package func connectionRate(of address: NetworkAddress) -> Double? {
        self.addressBounds[address] ?? self.addressBoundByDefault
    }
}

extension QuotaKind {
    /// Its place in `allCases`.
    var index: Int {
        switch self {
        case .producerByteRate: 0
        case .consumerByteRate: 1
        case .requestPercentage: 2
        case .controllerMutationRate: 3
        case .connectionCreationRate: 4
        }
    }
}
