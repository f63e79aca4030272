/// The pages that the navigation leads to.
package enum Section: String, Sendable, CaseIterable {
    case overview, alarms, topics, groups, readers, clients, produce, settings, access, cost, connect

    var title: String {
        switch self {
        case .overview: "Overview"
        case .alarms: "Alarms"
        case .topics: "Topics"
        case .groups: "Groups"
        case .readers: "Kinesis readers"
        case .clients: "Clients"
        case .produce: "Produce"
        case .settings: "Settings"
        case .access: "Access"
        case .cost: "Cost lens"
        case .connect: "Connect"
        }
    }

    var link: Link {
        switch self {
        case .overview: Link("/")
        case .alarms: Link("/alarms")
        case .topics: Link("/topics")
        case .groups: Link("/groups")
        case .readers: Link("/readers")
        case .clients: Link("/clients")
        case .produce: Link("/produce")
        case .settings: Link("/settings")
        case .access: Link("/access")
        case .cost: Link("/cost")
        case .connect: Link("/connect")
        }
    }

    /// What follows `g` on the keyboard.
    var key: String {
        switch self {
        case .overview: "o"
        case .alarms: "l"
        case .topics: "t"
        case .groups: "g"
        case .readers: "r"
        case .clients: "c"
        case .produce: "p"
        case .settings: "s"
        case .access: "a"
        case .cost: "m"
        case .connect: "n"
        }
    }
}
