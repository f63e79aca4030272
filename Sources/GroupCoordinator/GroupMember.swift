internal import Model

/// A member of a classic group, live.
struct GroupMember: Sendable, Equatable {
    let id: MemberID
    let groupInstanceID: GroupInstanceID?
    let clientID: String
    let clientHost: String
    var rebalanceTimeoutMilliseconds: Int32
    var sessionTimeoutMilliseconds: Int32
    /// In the member's order of preference, no name twice.
    var protocols: [GroupProtocol]
    var assignment: [UInt8]
    /// Rank by time of arrival: makes leader, votes and records independent of hashing.
    let rank: UInt64
    /// The parked JoinGroup.
    var joinToken: UInt64?
    /// The parked SyncGroup.
    var syncToken: UInt64?
    /// Not in a generation yet: its client cannot heartbeat, so its session may end while its join is parked.
    var isNew: Bool

    init(joining request: JoinRequest, as id: MemberID, protocols: [GroupProtocol], rank: UInt64, token: UInt64) {
        self.id = id
        self.groupInstanceID = request.groupInstanceID
        self.clientID = request.clientID
        self.clientHost = request.clientHost
        self.rebalanceTimeoutMilliseconds = request.effectiveRebalanceTimeoutMilliseconds
        self.sessionTimeoutMilliseconds = request.sessionTimeoutMilliseconds
        self.protocols = protocols
        self.assignment = []
        self.rank = rank
        self.joinToken = token
        self.syncToken = nil
        self.isNew = true
    }

    /// A member as a record holds it.
    init(restoring member: GroupMetadata.Member, protocolName: String, rank: UInt64) {
        self.id = member.memberID
        self.groupInstanceID = member.groupInstanceID
        self.clientID = member.clientID
        self.clientHost = member.clientHost
        self.sessionTimeoutMilliseconds = member.sessionTimeoutMilliseconds
        self.rebalanceTimeoutMilliseconds =
            member.rebalanceTimeoutMilliseconds == -1
            ? member.sessionTimeoutMilliseconds : member.rebalanceTimeoutMilliseconds
        self.protocols = [GroupProtocol(name: protocolName, metadata: member.subscription)]
        self.assignment = member.assignment
        self.rank = rank
        self.joinToken = nil
        self.syncToken = nil
        self.isNew = false
    }

    /// A static member's successor: everything but the ID and the parked requests.
    init(replacing member: GroupMember, as id: MemberID) {
        self.id = id
        self.groupInstanceID = member.groupInstanceID
        self.clientID = member.clientID
        self.clientHost = member.clientHost
        self.rebalanceTimeoutMilliseconds = member.rebalanceTimeoutMilliseconds
        self.sessionTimeoutMilliseconds = member.sessionTimeoutMilliseconds
        self.protocols = member.protocols
        self.assignment = member.assignment
        self.rank = member.rank
        self.joinToken = nil
        self.syncToken = nil
        self.isNew = false
    }

    /// What the member takes in memory, about: its strings, metadata and assignment, and what goes with each member.
    var heldBytes: Int {
        let strings = self.id.rawValue.utf8.count + self.clientID.utf8.count + self.clientHost.utf8.count
        return 512 + strings + self.protocols.heldBytes + self.assignment.count
    }

    /// A member whose request is parked counts as alive, unless it is new.
    var hasSatisfiedHeartbeat: Bool {
        !self.isNew && (self.joinToken != nil || self.syncToken != nil)
    }

    func metadata(for protocolName: String?) -> [UInt8] {
        self.protocols.first { $0.name == protocolName }?.metadata ?? []
    }

    /// The member's first choice among the candidates.
    func vote(among isCandidate: (String) -> Bool) -> String? {
        self.protocols.first { isCandidate($0.name) }?.name
    }
}

extension [GroupProtocol] {
    var heldBytes: Int { self.reduce(0) { $0 + 64 + $1.name.utf8.count + $1.metadata.count } }
}

extension JoinRequest {
    var effectiveRebalanceTimeoutMilliseconds: Int32 {
        self.rebalanceTimeoutMilliseconds < 0
            ? self.sessionTimeoutMilliseconds : self.rebalanceTimeoutMilliseconds
    }
}
