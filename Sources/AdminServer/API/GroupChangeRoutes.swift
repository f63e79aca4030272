internal import Broker
internal import Coordination
internal import CoordinatorRuntime
internal import GroupCoordinator
internal import Model
internal import NIOCore
internal import Text

/// Moves the offsets of groups, and deletes groups and offsets.
struct GroupChangeRoutes: Sendable {
    private struct SeekInput: Decodable {
        var topic: String
        var partitions: [Int32]?
        var to: String
        var dryRun: Bool?
    }

    /// What a seek does to one partition.
    private struct Moved: Sendable {
        var partition: Int32
        var before: Int64?
        var after: Int64

        static let shape = JSONShape<Moved>(
            "MovedOffset",
            [
                .integer("partition", "") { $0.partition },
                .optionalInteger("before", "null: nothing was committed.") { $0.before },
                .integer("after", "") { $0.after },
            ]
        )
    }

    private let views: BrokerViews
    private var broker: Broker { self.views.broker }

    init(_ views: BrokerViews) { self.views = views }

    func routes(_ make: APIRoute) -> [AdminRoute] { [self.seek(make), self.deletion(make), self.offsetDeletion(make)] }

    // MARK: Seek

    private func seek(_ make: APIRoute) -> AdminRoute {
        make.change(
            .post,
            "/api/v1/groups/{group}/seek",
            RouteDocumentation(
                "seekGroup",
                "Moves a group without members to other offsets of a topic, or shows what that would do.",
                body: .object([
                    .init("topic", .string),
                    .init("partitions", .array(.integer(minimum: 0)), isRequired: false, "All by default."),
                    .init("to", .string, OffsetGoal.syntax),
                    .init("dryRun", .boolean, isRequired: false, "Changes nothing."),
                ]),
                success: .init(.array(Moved.shape.schema)),
                errors: [404, 409]
            )
        ) { request in
            let input: SeekInput = try APIRoute.decode(request)
            let id = request.parameter("group")
            guard !LeaseTableService.isApplication(GroupID(id)) else {
                throw APIProblem(409, "refused", "\(id) is a KCL application: its workers keep their own checkpoints.")
            }
            guard let hosted = self.broker.topics.topic(named: input.topic) else {
                throw APIProblem.noTopic(input.topic)
            }
            guard let goal = OffsetGoal(input.to) else {
                throw APIProblem.badRequest("to is \(OffsetGoal.syntax)")
            }
            let moved = try await self.moves(of: id, hosted, input.partitions, to: goal)
            if input.dryRun != true { try await self.commit(moved, of: id, hosted) }
            let answer = AdminAnswer.json { json in
                json.array { json in for row in moved { Moved.shape.write(row, to: &json) } }
            }
            let action = input.dryRun == true ? "preview seek" : "seek group"
            return (answer, APIRoute.Change(action: action, resource: "GROUP:\(id) TOPIC:\(hosted.name)"))
        }
    }

    private func moves(
        of groupID: String,
        _ hosted: HostedTopic,
        _ partitions: [Int32]?,
        to goal: OffsetGoal
    ) async throws -> [Moved] {
        let view = try await self.views.group(groupID)
        var numbers = partitions ?? Array(0..<Int32(hosted.partitionCount))
        numbers = Set(numbers).sorted()
        for number in numbers where !hosted.has(number) {
            throw APIProblem(404, "partition-not-found", "\(hosted.name) has no partition \(number).")
        }
        var moved: [Moved] = []
        for number in numbers {
            let committed = view?.offsets.first { $0.topic == hosted.name && $0.partition == number }?.committed
            let after = try await goal.offset(in: try hosted.partition(number), committed: committed, self.broker)
            moved.append(Moved(partition: number, before: committed, after: after))
        }
        return moved
    }

    private func commit(_ moved: [Moved], of groupID: String, _ hosted: HostedTopic) async throws {
        let commit = CommitRequest(
            groupID: GroupID(groupID),
            topics: [
                CommitRequest.Topic(
                    name: hosted.name,
                    partitions: moved.map { CommitRequest.Partition(index: $0.partition, offset: $0.after) }
                )
            ]
        )
        let (broker, eventLoop) = (self.broker, self.views.eventLoop)
        let result: Result<OffsetChangeResponse, CoordinatorError> = await BrokerViews.onceLoaded { done in
            broker.groups.write(groupID, on: eventLoop) { machine, context in
                let outcome = machine.offsetCommitRequested(commit, now: context.now)
                context.append(outcome.write)
                return outcome.response
            } completion: {
                done($0)
            }
        }
        try Self.check(result, groupID)
    }

    // MARK: Deletion

    private func deletion(_ make: APIRoute) -> AdminRoute {
        make.change(
            .delete,
            "/api/v1/groups/{group}",
            RouteDocumentation(
                "deleteGroup",
                "Deletes a group without members, with its offsets.",
                success: .init(status: 204, nil),
                errors: [404, 409]
            )
        ) { request in
            let id = request.parameter("group")
            let (broker, eventLoop) = (self.broker, self.views.eventLoop)
            guard self.views.hasGroups else { throw APIProblem.noGroup(id) }
            let result: Result<[GroupDeletion], CoordinatorError> = await BrokerViews.onceLoaded { done in
                broker.groups.write(id, on: eventLoop) { machine, context in
                    let (deletions, write) = machine.groupDeletionRequested([GroupID(id)], now: context.now)
                    context.append(write)
                    return deletions
                } completion: {
                    done($0)
                }
            }
            switch result {
            case .success(let deletions):
                if let error = deletions.first?.error { throw APIProblem(error, id) }
            case .failure(let error): throw APIProblem(GroupError(error), id)
            }
            return (.noContent, APIRoute.Change(action: "delete group", resource: "GROUP:\(id)"))
        }
    }

    private func offsetDeletion(_ make: APIRoute) -> AdminRoute {
        make.change(
            .delete,
            "/api/v1/groups/{group}/offsets",
            RouteDocumentation(
                "deleteGroupOffsets",
                "Deletes the offsets of a group in a topic, or in one partition of it.",
                parameters: [
                    .init("topic", .string, isRequired: true, ""),
                    .init("partition", .integer(minimum: 0, maximum: Int64(Int32.max)), "All by default."),
                ],
                success: .init(status: 204, nil),
                errors: [404, 409]
            )
        ) { request in
            let id = request.parameter("group")
            guard let name = request.query("topic") else { throw APIProblem.badRequest("topic is missing.") }
            guard let hosted = self.broker.topics.topic(named: name) else { throw APIProblem.noTopic(name) }
            let partition: Int32? = try request.integer("partition", in: 0...Int32.max)
            if let partition, !hosted.has(partition) {
                throw APIProblem(404, "partition-not-found", "\(name) has no partition \(partition).")
            }
            let numbers = partition.map { [$0] } ?? Array(0..<Int32(hosted.partitionCount))
            let deletion = OffsetDeletion(groupID: GroupID(id), topics: [(name: name, partitions: numbers)])
            let (broker, eventLoop) = (self.broker, self.views.eventLoop)
            guard self.views.hasGroups else { throw APIProblem.noGroup(id) }
            let result: Result<OffsetChangeResponse, CoordinatorError> = await BrokerViews.onceLoaded { done in
                broker.groups.write(id, on: eventLoop) { machine, context in
                    let (response, write) = machine.offsetDeleteRequested(deletion, now: context.now)
                    context.append(write)
                    return response
                } completion: {
                    done($0)
                }
            }
            try Self.check(result, id)
            return (.noContent, APIRoute.Change(action: "delete offsets", resource: "GROUP:\(id) TOPIC:\(name)"))
        }
    }

    private static func check(
        _ result: Result<OffsetChangeResponse, CoordinatorError>,
        _ groupID: String
    ) throws(APIProblem) {
        switch result {
        case .success(let response):
            let errors = [response.error] + response.topics.flatMap { $0.partitions.map(\.error) }
            if let error = errors.compactMap({ $0 }).first { throw APIProblem(error, groupID) }
        case .failure(let error): throw APIProblem(GroupError(error), groupID)
        }
    }
}
