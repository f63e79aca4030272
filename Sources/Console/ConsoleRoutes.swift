internal import AccessControl
package import AdminServer
internal import Broker
internal import Metadata

/// The pages of Millrace Console, as routes of the admin port.
///
/// Pages read views that are made for each request. They change nothing: what changes something are requests of their
/// scripts to `/api/v1`.
package struct ConsoleRoutes: Sendable {
    private let views: BrokerViews
    private let history: RateHistory
    private let access: AccessStores
    private let connect: @Sendable () -> ConnectFacts
    private let priceFile: @Sendable () -> [UInt8]?
    private let records: @Sendable (AdminRequest) async -> AdminAnswer

    /// - Parameters:
    ///   - history: somebody has to take its samples: see `RateHistory.run`.
    ///   - connect: where clients reach the server.
    ///   - records: answers `GET /api/v1/topics/{topic}/records`.
    ///   - priceFile: what `console-prices.json` holds; `nil` when it is not there. Not asked on event loops.
    package init(
        views: BrokerViews,
        history: RateHistory,
        access: AccessStores,
        connect: @escaping @Sendable () -> ConnectFacts,
        records: @escaping @Sendable (AdminRequest) async -> AdminAnswer,
        priceFile: @escaping @Sendable () -> [UInt8]?
    ) {
        self.views = views
        self.history = history
        self.access = access
        self.connect = connect
        self.records = records
        self.priceFile = priceFile
    }

    package var routes: [AdminRoute] {
        let (views, history) = (self.views, self.history)
        return [
            ConsoleAssets().route,
            self.login,
            Self.page("/") { request in
                OverviewPage(
                    view: try await views.overview(),
                    rates: history.rates(lastSeconds: OverviewPage.secondsShown)
                ).answer(request)
            },
            Self.page("/alarms") { request in AlarmsPage(view: views.alarms).answer(request) },
            Self.page("/topics") { request in
                let wanted = try PageRequest(request)
                return TopicsPage(request: wanted, page: try views.topics(wanted)).answer(request)
            },
            Self.page("/topics/{topic}") { request in
                let wanted = try PageRequest(request)
                guard let view = views.topic(named: request.topic),
                    let partitions = try views.partitions(of: request.topic, wanted)
                else { return Self.noTopic(request) }
                return TopicPage(view: view, request: wanted, partitions: partitions).answer(request)
            },
            Self.page("/topics/{topic}/shards") { request in try Self.shards(views, request) },
            Self.page("/topics/{topic}/settings") { request in
                guard let view = views.topic(named: request.topic) else { return Self.noTopic(request) }
                return TopicSettingsPage(view: view).answer(request)
            },
            Self.page("/groups") { request in
                let wanted = try PageRequest(request)
                return GroupsPage(request: wanted, page: try await views.groups(wanted)).answer(request)
            },
            Self.page("/group") { request in
                guard let view = try await views.group(request.query("id") ?? "") else {
                    return RefusalPage.notFound("There is no such group.", request)
                }
                return GroupPage(view: view).answer(request)
            },
            Self.page("/readers") { request in
                let wanted = try PageRequest(request)
                return ReadersPage(request: wanted, page: try await views.readers(wanted)).answer(request)
            },
            Self.page("/clients") { request in
                let wanted = try PageRequest(request)
                return ClientsPage(request: wanted, page: try views.clients(wanted)).answer(request)
            },
            Self.page("/settings") { request in
                let wanted = try PageRequest(request)
                return SettingsPage(request: wanted, page: try views.settings(wanted)).answer(request)
            },
            Self.page("/access", role: .admin) { request in AccessPage(contents: self.accessContents).answer(request) },
            Self.page("/produce", role: .operator) { request in
                // A list of all of them would be the page's whole weight; each topic's own page leads here as well.
                var names = try views.topics(PageRequest(limit: PageRequest.limitMax), internal: false).rows.map(\.name)
                let topic = request.query("topic") ?? ""
                if !names.contains(topic), views.topic(named: topic) != nil { names.insert(topic, at: 0) }
                return ProducePage(topic: topic, topics: names).answer(request)
            },
            Self.page("/topics/{topic}/records", role: .viewer) { request in
                guard let view = views.topic(named: request.topic) else { return Self.noTopic(request) }
                let search = RecordsPage.Search(request)
                let answer = await self.records(search.asked(request))
                return RecordsPage(topic: view.row, search: search, result: FoundRecords.read(answer)).answer(request)
            },
            Self.page("/cost") { request in try self.cost(request) },
            Self.page("/connect") { request in
                let first = try views.topics(PageRequest(limit: 1), internal: false).rows.first?.name
                return ConnectPage(facts: self.connect(), topic: request.query("topic") ?? first ?? "clicks").answer(
                    request
                )
            },
        ]
    }

    // MARK: Making pages

    /// Whether a page may be seen is decided before; a refusal is a page too.
    private static func page(
        _ pattern: String,
        role: AdminRole = .viewerWithoutRecords,
        _ make: @escaping @Sendable (AdminRequest) async throws -> AdminAnswer
    ) -> AdminRoute {
        var route = AdminRoute(
            .get,
            pattern,
            access: .role(role),
            handler: .task { request in
                do {
                    return try await make(request)
                } catch let problem as PageProblem {
                    return RefusalPage.page(
                        400,
                        "The address of this page is wrong: \(problem.message).",
                        for: request.identity
                    )
                } catch let error as BrokerError {
                    return RefusalPage.unavailable(error.message, request)
                } catch {
                    return RefusalPage.unavailable("\(error)", request)
                }
            }
        )
        route.onRefusal = { RefusalPage.answer($0, target: $1) }
        return route
    }

    private var login: AdminRoute {
        var route = AdminRoute(
            .get,
            "/login",
            access: .login,
            handler: .immediate { request in LoginPage(next: request.query("next") ?? "/").answer(request) }
        )
        route.onRefusal = { RefusalPage.answer($0, target: $1) }
        return route
    }

    private static func noTopic(_ request: AdminRequest) -> AdminAnswer {
        RefusalPage.notFound("There is no topic \(request.topic).", request)
    }

    private static func shards(_ views: BrokerViews, _ request: AdminRequest) throws -> AdminAnswer {
        let wanted = try PageRequest(request)
        // The pictures show the youngest ones, for any page of the table is asked for.
        let youngest = PageRequest(sort: "ordinal", isDescending: true, limit: ShardLineage.shardsMax)
        guard let view = views.topic(named: request.topic), let page = try views.shards(of: request.topic, wanted),
            let shown = try views.shards(of: request.topic, youngest)
        else { return Self.noTopic(request) }
        return ShardsPage(view: view, shards: shown.rows.reversed(), request: wanted, page: page).answer(request)
    }

    private static func allTopics(_ views: BrokerViews) throws(PageProblem) -> [TopicRow] {
        var rows: [TopicRow] = []
        var wanted = PageRequest(limit: PageRequest.limitMax)
        while true {
            let page = try views.topics(wanted)
            rows += page.rows
            guard let next = page.next else { return rows }
            wanted.start = next
        }
    }

    private func cost(_ request: AdminRequest) throws -> AdminAnswer {
        let totals = self.history.totals
        let seconds = max(1, totals.seconds)
        let streams = try Self.allTopics(self.views).filter { $0.isStream && !$0.isInternal }
        let file = self.priceFile()
        let table = file.flatMap { PriceTable.decode($0) }
        let work = CostEstimate.Work(
            recordsPerSecond: totals.records / seconds,
            bytesPerSecond: totals.recordBytes / seconds,
            bytesReadPerSecond: totals.recordBytesRead / seconds,
            storedBytes: streams.reduce(0) { $0 + $1.sizeBytes },
            streams: streams.count,
            openShards: streams.reduce(0) { $0 + $1.openShards }
        )
        return CostPage(
            work: work,
            secondsSeen: totals.seconds,
            prices: table ?? .builtIn,
            isOfFile: table != nil,
            problem: file != nil && table == nil
                ? "console-prices.json is not such a table; the built-in prices are used." : nil
        ).answer(request)
    }

    private var accessContents: AccessPage.Contents {
        let broker = self.access.broker
        return AccessPage.Contents(
            roles: self.access.access.allRoles,
            tokens: self.access.access.allTokens,
            keys: self.access.keys.keys,
            users: broker.authentication.credentials.userNames,
            acls: broker.authorizer.acls(matching: ACLFilter()).sorted { $0.description < $1.description },
            checksACLs: broker.authorizer.isEnabled
        )
    }
}

extension AdminRequest {
    /// Of the path; empty where the route has none.
    var topic: String { self.parameters["topic"] ?? "" }
}
