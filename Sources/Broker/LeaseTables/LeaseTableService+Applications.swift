internal import LeaseTables
internal import Metadata
package import Model
package import NIOCore

// KCL applications, as the Kafka face lists them among its groups. Nothing is changed through it.
extension LeaseTableService {
    /// An application, without how far it has come.
    package struct ApplicationListing: Sendable, Equatable {
        /// With the prefix.
        package var groupID: GroupID
        /// Workers that have a lease.
        package var workers: Int

        package var hasWorkers: Bool { self.workers > 0 }
    }

    /// Whether a group's name is one of an application.
    package static func isApplication(_ groupID: GroupID) -> Bool {
        groupID.rawValue.hasPrefix(KinesisApplication.groupPrefix)
    }

    /// Every application, by name; none while the tables cannot be reached.
    package func applications(
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable ([ApplicationListing]) -> Void
    ) {
        self.decide(on: eventLoop) { machine, _ -> TableDecision<[ApplicationListing]> in
            let listings = machine.leaseTableNames.map { name in
                ApplicationListing(
                    groupID: GroupID(KinesisApplication.groupPrefix + name),
                    workers: Set(machine.leases(of: name)?.compactMap(\.owner) ?? []).count
                )
            }
            return (listings, [])
        } completion: { result in
            completion((try? result.get()) ?? [])
        }
    }

    /// How far applications have come, in the order of the names; `nil` for those that do not exist.
    ///
    /// - Parameters:
    ///   - groupIDs: with the prefix; others are answered with `nil`.
    ///   - topics: those that they may read.
    package func applications(
        _ groupIDs: [GroupID],
        reading topics: TopicTable,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable ([KinesisApplication?]) -> Void
    ) {
        let names = groupIDs.map { id in
            Self.isApplication(id) ? String(id.rawValue.dropFirst(KinesisApplication.groupPrefix.count)) : nil
        }
        guard names.contains(where: { $0 != nil }) else { return completion(names.map { _ in nil }) }
        self.decide(on: eventLoop) { machine, _ -> TableDecision<[[Lease]?]> in
            (names.map { name in name.flatMap { machine.leases(of: $0) } }, [])
        } completion: { result in
            let tables = (try? result.get()) ?? names.map { _ in nil }
            let streams = topics.all.map(\.topic).filter(\.isVisibleToKinesis)
            completion(
                zip(names, tables).map { name, leases in
                    guard let name, let leases else { return nil }
                    return KinesisApplication(name: name, leases: leases, topics: streams)
                }
            )
        }
    }
}
