internal import ClientTLS
internal import CommandCore
internal import KafkaClient
internal import Model
internal import Text

/// What the ports of a server say of it.
struct ServerStatus {
    var clusterID = ""
    var controller: Int32?
    var brokers: [(id: Int32, address: String)] = []
    var topics = 0
    var partitions = 0
    /// Without a leader.
    var offline = 0
    /// With fewer replicas in sync than there are.
    var underReplicated = 0
    /// By state.
    var groups: [String: Int] = [:]
    var streams: Int?
    /// What `/health/ready` says.
    var readiness: String?
    /// Ports that were named and did not answer as they should.
    var failures: [(port: String, reason: String)] = []

    /// - Throws: `ClientError` when the Kafka port does not answer.
    static func read(
        _ cluster: KafkaCluster,
        _ ports: PortOptions,
        _ files: ClientTLS.Files
    ) async throws -> ServerStatus {
        let admin = Admin(cluster: cluster)
        var status = ServerStatus()
        let description = try await admin.describeCluster()
        status.clusterID = description.clusterID
        status.controller = description.controllerID?.rawValue
        status.brokers = description.brokers.map { ($0.key.rawValue, "\($0.value)") }.sorted { $0.id < $1.id }
        let topics = try await admin.listTopics()
        status.topics = topics.count { !$0.isInternal }
        for partition in topics.flatMap(\.partitions) {
            status.partitions += 1
            if partition.leader == nil { status.offline += 1 }
            if partition.inSyncReplicas.count < partition.replicas.count { status.underReplicated += 1 }
        }
        do {
            for group in try await admin.listGroups() {
                status.groups[group.state.isEmpty ? "unknown" : group.state, default: 0] += 1
            }
        } catch let error as ClientError {
            status.failures.append(("groups", error.message))
        }
        await status.readOthers(ports, files)
        return status
    }

    private mutating func readOthers(_ ports: PortOptions, _ files: ClientTLS.Files) async {
        do {
            if let client = try ports.kinesisClient(files) { self.streams = try await client.listStreams().count }
        } catch {
            self.failures.append(("kinesis", "\(error)"))
        }
        do {
            guard let client = try ports.adminClient(files) else { return }
            let answer = try await client.text("/health/ready")
            self.readiness = answer.text.split(separator: "\n").first.map(String.init) ?? "status \(answer.status)"
            if answer.status != 200 { self.failures.append(("admin", self.readiness ?? "")) }
        } catch {
            self.failures.append(("admin", "\(error)"))
        }
    }

    private var groupsText: String {
        guard !self.groups.isEmpty else { return "0" }
        let states = self.groups.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        return "\(self.groups.values.reduce(0, +)) (\(states.joined(separator: ", ")))"
    }

    var table: TextTable {
        var table = TextTable(["WHAT", "VALUE"])
        table.add(["cluster", self.clusterID])
        for broker in self.brokers {
            table.add(["broker \(broker.id)", broker.address + (broker.id == self.controller ? ", controller" : "")])
        }
        table.add(["topics", "\(self.topics)"])
        table.add(["partitions", "\(self.partitions)"])
        table.add(["offline partitions", "\(self.offline)"])
        table.add(["under-replicated partitions", "\(self.underReplicated)"])
        table.add(["groups", self.groupsText])
        if let streams { table.add(["streams", "\(streams)"]) }
        if let readiness { table.add(["health", readiness]) }
        for failure in self.failures { table.add(["\(failure.port) failed", failure.reason]) }
        return table
    }

    var json: JSONLine {
        var json = JSONLine()
        json.object { json in
            json.key("clusterID")
            json.string(self.clusterID)
            json.key("controller")
            json.number(self.controller)
            json.key("brokers")
            json.array { json in
                for broker in self.brokers {
                    json.object { json in
                        json.key("id")
                        json.number(broker.id)
                        json.key("address")
                        json.string(broker.address)
                    }
                }
            }
            for (name, value) in [
                ("topics", self.topics), ("partitions", self.partitions), ("offlinePartitions", self.offline),
                ("underReplicatedPartitions", self.underReplicated),
            ] {
                json.key(name)
                json.number(value)
            }
            json.key("groups")
            json.object { json in
                for (state, count) in self.groups.sorted(by: { $0.key < $1.key }) {
                    json.key(state)
                    json.number(count)
                }
            }
            json.key("streams")
            json.number(self.streams)
            json.key("health")
            json.string(self.readiness)
            json.key("failures")
            json.array { json in
                for failure in self.failures {
                    json.object { json in
                        json.key("port")
                        json.string(failure.port)
                        json.key("reason")
                        json.string(failure.reason)
                    }
                }
            }
        }
        json.endLine()
        return json
    }
}
