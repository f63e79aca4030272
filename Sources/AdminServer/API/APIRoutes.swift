internal import Broker
internal import Metadata
internal import Model
internal import NIOCore

/// `/api/v1`: what the server has, its records, and changes of them. See `GET /api/v1/openapi.json`.
package struct APIRoutes: Sendable {
    let views: BrokerViews
    private let audit: AdminAudit

    package init(_ views: BrokerViews, audit: @escaping AdminAudit) {
        self.views = views
        self.audit = audit
    }

    package var routes: [AdminRoute] {
        let make = APIRoute(audit: self.audit)
        return self.viewRoutes(make) + TopicChangeRoutes(self.views.broker).routes(make)
            + GroupChangeRoutes(self.views).routes(make) + EventRoutes(self.views).routes(make)
            + RecordRoutes(self.views).routes(make) + BrokerChangeRoutes(self.views).routes(make)
    }

    private func viewRoutes(_ make: APIRoute) -> [AdminRoute] {
        let views = self.views
        return [
            make.read(
                "/api/v1/overview",
                RouteDocumentation(
                    "getOverview",
                    "The server at this moment.",
                    success: .init(OverviewView.shape.schema)
                )
            ) { _ in OverviewView.shape.answer(try await views.overview()) },
            make.read(
                "/api/v1/alarms",
                RouteDocumentation(
                    "getAlarms",
                    "The alarms that ring, and those that ended since the start.",
                    success: .init(AlarmsView.shape.schema)
                )
            ) { _ in AlarmsView.shape.answer(views.alarms) },
            make.list(
                "/api/v1/topics",
                ("listTopics", "Topics, which are streams as well."),
                TopicRow.shape,
                sorts: ["size", "records", "partitions", "retention", "created", "lag"],
                parameters: [.init("internal", .boolean, "The broker's own topics too; true by default.")]
            ) { request, page in
                try views.topics(page, internal: request.query("internal") != "false")
            },
            make.read(
                "/api/v1/topics/{topic}",
                RouteDocumentation(
                    "getTopic",
                    "One topic, with its settings and the groups that read it.",
                    success: .init(TopicView.shape.schema),
                    errors: [404]
                )
            ) { request in
                let name = request.parameter("topic")
                guard let view = views.topic(named: name) else { throw APIProblem.noTopic(name) }
                return TopicView.shape.answer(view)
            },
            make.list(
                "/api/v1/topics/{topic}/partitions",
                ("listPartitions", "The partitions of a topic."),
                PartitionRow.shape,
                sorts: ["partition", "size", "records"],
                errors: [404]
            ) { request, page in
                let name = request.parameter("topic")
                guard let rows = try views.partitions(of: name, page) else { throw APIProblem.noTopic(name) }
                return rows
            },
            make.list(
                "/api/v1/topics/{topic}/shards",
                ("listShards", "The shards of a stream, closed ones included, with their lineage."),
                ShardRow.shape,
                sorts: ["ordinal", "partition", "hash"],
                errors: [404]
            ) { request, page in
                let name = request.parameter("topic")
                guard let rows = try views.shards(of: name, page) else { throw APIProblem.noTopic(name) }
                return rows
            },
        ] + self.otherRoutes(make)
    }

    private func otherRoutes(_ make: APIRoute) -> [AdminRoute] {
        let views = self.views
        return [
            make.list(
                "/api/v1/groups",
                ("listGroups", "Groups and KCL applications, with their lag."),
                GroupRow.shape,
                sorts: ["state", "members", "lag", "seconds", "status"]
            ) { _, page in try await views.groups(page) },
            make.read(
                "/api/v1/groups/{group}",
                RouteDocumentation(
                    "getGroup",
                    "One group, with its members and offsets.",
                    success: .init(GroupView.shape.schema),
                    errors: [404]
                )
            ) { request in
                let id = request.parameter("group")
                guard let view = try await views.group(id) else { throw APIProblem.noGroup(id) }
                return GroupView.shape.answer(view)
            },
            make.list(
                "/api/v1/readers",
                ("listReaders", "Who reads streams by Kinesis: consumers of enhanced fan-out, KCL applications."),
                ReaderRow.shape,
                sorts: ["stream", "kind", "seconds"]
            ) { _, page in try await views.readers(page) },
            make.list(
                "/api/v1/clients",
                ("listClients", "Who is connected."),
                ClientRow.shape,
                sorts: ["face", "connections"]
            ) { _, page in try views.clients(page) },
            make.list(
                "/api/v1/settings",
                ("listSettings", "The settings of the broker."),
                SettingRow.shape,
                sorts: ["source", "type", "set"]
            ) { _, page in try views.settings(page) },
        ]
    }
}
