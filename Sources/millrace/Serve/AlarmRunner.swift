internal import AdminServer
internal import Broker
internal import ClientTLS
internal import LoadGenerator
internal import Logging
internal import Model
internal import NIOCore
internal import NIOHTTP1
internal import ServerTLS

/// Evaluates the rules of alarms, logs what begins and ends, and sends it to the webhook.
struct AlarmRunner: Sendable {
    private static let interval = Duration.seconds(10)
    /// How often it is looked whether a message is due.
    private static let lookInterval = Duration.seconds(1)

    let board: AlarmBoard
    private let webhook: Webhook?

    /// - Throws: `Failure` for an address that cannot be one.
    init(_ url: String?) throws(Failure) {
        self.webhook = try url.flatMap { $0.isEmpty ? nil : $0 }.map { url throws(Failure) in try Webhook(url) }
        self.board = AlarmBoard(hasWebhook: self.webhook != nil)
    }

    /// Until it is cancelled.
    func run(
        _ broker: Broker,
        _ certificates: [(listener: String, tls: ServerTLS)],
        _ unreadiness: @escaping @Sendable () -> String?
    ) async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await self.evaluate(broker, certificates, unreadiness) }
            if let webhook { tasks.addTask { await self.deliver(webhook, broker) } }
        }
    }

    private func evaluate(
        _ broker: Broker,
        _ certificates: [(listener: String, tls: ServerTLS)],
        _ unreadiness: @Sendable () -> String?
    ) async {
        let logger = broker.environment.logger
        while !Task.isCancelled {
            let facts = AlarmFacts(
                broker,
                unreadiness: unreadiness(),
                certificates: certificates.map { ($0.listener, Int64($0.tls.certificate.notValidAfter)) }
            )
            let limits = AlarmLimits(broker.configs)
            let changes = self.board.evaluated(facts.conditions(limits), limits, now: broker.environment.now())
            for change in changes {
                switch change {
                case .began(let alarm):
                    logger.warning(
                        "alarm: \(alarm.condition.summary)",
                        metadata: ["rule": "\(alarm.condition.rule.rawValue)"]
                    )
                case .ended(let alarm):
                    logger.notice(
                        "alarm ended: \(alarm.condition.summary)",
                        metadata: ["rule": "\(alarm.condition.rule.rawValue)"]
                    )
                }
            }
            do { try await Task.sleep(for: Self.interval) } catch { return }
        }
    }

    private func deliver(_ webhook: Webhook, _ broker: Broker) async {
        let clock = broker.environment.monotonicMilliseconds
        let instance = "\(broker.clusterID)/\(broker.settings.nodeID.rawValue)"
        while !Task.isCancelled {
            guard let message = self.board.nextMessage(now: clock()) else {
                do { try await Task.sleep(for: Self.lookInterval) } catch { return }
                continue
            }
            var status: UInt?
            var problem: String
            do {
                let answer = try await webhook.post(message.json(instance: instance))
                status = answer.status
                problem = "status \(answer.status)"
            } catch {
                problem = "\(error)"
            }
            switch self.board.answered(status, now: clock()) {
            case .sent: break
            case .retry:
                broker.environment.logger.info("the webhook did not take a message: \(problem)")
            case .givenUp:
                broker.environment.logger.warning(
                    "the webhook did not take a message about \(message.alarms.count) alarms, which is dropped: \(problem)"
                )
            }
        }
    }
}

/// Where alarms are sent.
private struct Webhook: Sendable {
    private let endpoint: KinesisEndpoint
    private let target: String
    private let tls: ClientTLS?

    init(_ url: String) throws(Failure) {
        let wrong = Failure("alarms.webhook.url is not an address of HTTP: \(url)")
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard url.hasPrefix("http://") || url.hasPrefix("https://"),
            let endpoint = try? KinesisEndpoint(String(parts[0]))
        else { throw wrong }
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else { throw wrong }
            self.target = endpoint.path + "?" + parts[1]
        } else {
            self.target = endpoint.path
        }
        self.endpoint = endpoint
        do {
            self.tls = endpoint.isSecure ? try ClientTLS(ClientTLS.Files()) : nil
        } catch {
            throw Failure("alarms.webhook.url: \(error)")
        }
    }

    func post(_ body: [UInt8]) async throws -> HTTPExchange.Answer {
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: self.target)
        head.headers.add(name: "Host", value: self.endpoint.authority)
        head.headers.add(name: "Content-Type", value: "application/json")
        head.headers.add(name: "User-Agent", value: "millrace/\(Version.number)")
        let address = (self.endpoint.host, self.endpoint.port)
        return try await HTTPExchange.send(head, ByteBuffer(bytes: body), to: address, tls: self.tls, as: .webhook)
    }
}
