internal import Model

/// The classic groups that are live, and the bytes that their members make the coordinator keep.
struct ClassicGroups: Sendable {
    private var rows: [GroupID: ClassicGroup] = [:]
    /// Of all groups: members, their metadata and assignments, and member IDs that were handed out.
    private(set) var heldBytes = 0

    var count: Int { self.rows.count }
    var keys: Dictionary<GroupID, ClassicGroup>.Keys { self.rows.keys }

    subscript(groupID: GroupID) -> ClassicGroup? {
        get { self.rows[groupID] }
        _modify {
            let before = self.rows[groupID]?.heldBytes ?? 0
            defer { self.heldBytes += (self.rows[groupID]?.heldBytes ?? 0) - before }
            yield &self.rows[groupID]
        }
    }

    mutating func removeValue(forKey groupID: GroupID) -> ClassicGroup? {
        let group = self.rows.removeValue(forKey: groupID)
        self.heldBytes -= group?.heldBytes ?? 0
        return group
    }
}
