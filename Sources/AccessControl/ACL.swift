package import Model

/// One access control list entry, Kafka's `AclBinding`: a principal may, or may not, do something to some resources
/// from some hosts.
package struct ACL: Sendable, Hashable {
    package var resourceType: ResourceType
    /// Of a resource, or what its name begins with.
    package var resourceName: String
    package var patternType: PatternType
    /// `User:*` is everybody.
    package var principal: Principal
    /// An IP address as the server sees it; `*` is every one.
    package var host: String
    package var operation: ACLOperation
    package var permission: Permission

    package init(
        _ permission: Permission,
        _ operation: ACLOperation,
        on resourceType: ResourceType,
        _ resourceName: String,
        _ patternType: PatternType = .literal,
        to principal: Principal,
        from host: String = ACL.anyHost
    ) {
        self.resourceType = resourceType
        self.resourceName = resourceName
        self.patternType = patternType
        self.principal = principal
        self.host = host
        self.operation = operation
        self.permission = permission
    }

    /// Every address.
    package static let anyHost = "*"
    /// What each text may have at most, in bytes of UTF-8.
    package static let textBytesMax = 4096

    /// By their bytes: two spellings of an accented letter are two ACLs.
    package static func == (left: ACL, right: ACL) -> Bool {
        left.resourceType == right.resourceType && left.patternType == right.patternType
            && left.operation == right.operation && left.permission == right.permission
            && left.texts == right.texts
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(self.resourceType)
        hasher.combine(self.patternType)
        hasher.combine(self.operation)
        hasher.combine(self.permission)
        hasher.combine(self.texts)
    }

    private var texts: [ExactText] {
        [self.resourceName, self.principal.type, self.principal.name, self.host].map(ExactText.init)
    }

    /// Whether the ACL is about every resource of its type.
    package var isWildcard: Bool { self.patternType == .literal && self.resourceName == ResourceType.wildcard }

    /// Why the ACL cannot be kept, in Kafka's words where it has some; `nil` when it can.
    package var problem: String? {
        if self.resourceName.isEmpty { return "Invalid empty resource name" }
        if self.resourceType == .cluster, self.resourceName != ResourceType.clusterName {
            return "The only valid name for the CLUSTER resource is \(ResourceType.clusterName)"
        }
        let longest = [self.resourceName, self.host, self.principal.type, self.principal.name].map(\.utf8.count).max()
        guard let longest, longest <= Self.textBytesMax else {
            return "A name of an ACL may have \(Self.textBytesMax) bytes at most."
        }
        return nil
    }
}

extension ACL: CustomStringConvertible {
    package var description: String {
        "\(self.permission.name) \(self.operation.name) on \(self.resourceType.name):\(self.patternType.name):"
            + "\(self.resourceName) to \(self.principal) from \(self.host)"
    }
}

extension Principal {
    /// Everybody, as the principal of an ACL.
    package static let everybody = Principal(name: "*")

    /// Reads `Type:name`, as Kafka does: the name may have colons.
    ///
    /// - Returns: `nil` without a colon.
    package init?(parsing text: String) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let type = String(text[..<colon])
        let name = String(text[text.utf8.index(after: colon)...])
        self.init(type: type, name: name)
    }
}
