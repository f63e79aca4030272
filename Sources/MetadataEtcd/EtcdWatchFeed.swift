internal import Logging
internal import Metadata
internal import NIOCore
internal import Synchronization

/// Carries a store's namespace from etcd to its watches: one watch of everything, in order, from the store's first
/// revision on. When the member falls silent or loses its leader, the next one continues where it ended.
///
/// A manual progress notification of etcd may overtake events in versions before 3.4.25 and 3.5.8, so none is used:
/// progress is a write to a key inside what is watched (`EtcdMetadataStore.requestProgress`).
final class EtcdWatchFeed: Sendable {
    /// How one stream ended.
    private enum End {
        case lost(GRPCStatus)
        /// What comes next is compacted.
        case compacted
    }

    private struct State {
        /// The revision that has been published; the next stream begins behind it.
        var revision: MetadataRevision
        /// Events of an answer whose other fragments are to come.
        var pending: [EtcdEvent] = []
        var heardAt = NIODeadline.now()
    }

    private let client: EtcdClient
    private let namespace: EtcdNamespace
    private let watches: MetadataWatchHub
    private let logger: Logger
    private let state: Mutex<State>

    init(client: EtcdClient, namespace: EtcdNamespace, watches: MetadataWatchHub, logger: Logger) {
        self.client = client
        self.namespace = namespace
        self.watches = watches
        self.logger = logger
        self.state = Mutex(State(revision: watches.revision))
    }

    /// Watches until the task is cancelled or the client closed.
    func run() async {
        while !Task.isCancelled {
            switch await self.client.connection() {
            case .failure(let status):
                if case .fail(let error) = EtcdReaction(status) {
                    self.logger.warning("etcd refuses the watch", metadata: ["error": "\(error)"])
                }
                if self.client.isClosed { return }
                await self.client.pause(.milliseconds(50))
            case .success(let connection):
                switch await self.watch(on: connection) {
                case .compacted: await self.restart()
                case .lost(let status):
                    if self.client.isClosed { return }
                    self.logger.debug("the watch of etcd ended", metadata: ["error": "\(status)"])
                    switch EtcdReaction(status) {
                    case .retry(reconnect: true): self.client.abandon(connection, status)
                    case .authenticate: self.client.forgetToken()
                    case .retry, .fail: await self.client.pause(.milliseconds(100))
                    }
                    // A call finds the next member that answers, and gets a token.
                    _ = try? await self.client.call(
                        .range,
                        EtcdRangeRequest(key: self.namespace.progressKey, rangeEnd: [], countOnly: true).encoded
                    )
                }
            }
        }
    }

    /// One stream from its beginning to its end.
    private func watch(on connection: GRPCConnection) async -> End {
        let ended = connection.eventLoop.makePromise(of: End.self)
        connection.eventLoop.execute { self.open(on: connection, ended: ended) }
        return await withTaskCancellationHandler {
            (try? await ended.futureResult.get()) ?? .lost(.disconnected("the watch ended"))
        } onCancel: {
            ended.succeed(.lost(.disconnected("the watch is not wanted any more")))
        }
    }

    private func open(on connection: GRPCConnection, ended: EventLoopPromise<End>) {
        let startRevision = self.state.withLock { state in
            state.pending = []
            state.heardAt = .now()
            return state.revision + 1
        }
        let call = connection.open(
            .watch,
            token: self.client.token,
            onMessage: { message in
                if let end = self.received(message) { ended.succeed(end) }
            },
            onEnd: { ended.succeed(.lost($0)) }
        )
        call.send(
            EtcdWatchRequest.create(
                key: self.namespace.data,
                rangeEnd: self.namespace.dataEnd,
                startRevision: startRevision
            )
            .encoded
        )
        let interval = TimeAmount(self.client.settings.watchProbeInterval)
        let silenceMax = TimeAmount(self.client.settings.watchSilenceMax)
        let probe = connection.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            if NIODeadline.now() - self.state.withLock({ $0.heardAt }) > silenceMax {
                ended.succeed(.lost(.silent))
            } else {
                call.send(EtcdWatchRequest.progress.encoded)
            }
        }
        ended.futureResult.assumeIsolated().whenComplete { _ in
            probe.cancel()
            call.close()
        }
    }

    /// One answer, on the connection's loop: publishes the events of whole revisions.
    private func received(_ message: ByteBuffer) -> End? {
        let response: EtcdWatchResponse
        do throws(MetadataError) {
            response = try etcdDecoded(message, EtcdWatchResponse.init)
        } catch {
            return .lost(.disconnected(error.message))
        }
        if response.compactRevision > 0 { return .compacted }
        if response.canceled { return .lost(GRPCStatus(code: .unavailable, message: response.cancelReason)) }
        let events = self.state.withLock { state -> [EtcdEvent] in
            state.heardAt = .now()
            state.pending += response.events
            guard !response.fragment else { return [] }
            defer { state.pending = [] }
            // A stream that was opened again may repeat nothing, but a member may.
            let events = state.pending.filter { $0.entry.modRevision > state.revision }
            state.revision = max(state.revision, events.last?.entry.modRevision ?? 0)
            return events
        }
        self.publish(events)
        return nil
    }

    private func publish(_ events: [EtcdEvent]) {
        var start = 0
        while start < events.count {
            let revision = events[start].entry.modRevision
            let end = events[start...].firstIndex { $0.entry.modRevision != revision } ?? events.count
            let batch = events[start..<end]
            let visible = batch.filter { $0.entry.key != self.namespace.progressKey }
            self.watches.publish(
                visible.map { event in
                    event.isDeletion
                        ? .deleted(key: self.namespace.entry(event.entry).key, revision: revision)
                        : .put(self.namespace.entry(event.entry))
                },
                revision: revision
            )
            if visible.count < batch.count { self.watches.publishProgress(to: revision) }
            start = end
        }
    }

    /// Changes were missed: every watch must load again, from a revision that is read now.
    private func restart() async {
        let request = EtcdRangeRequest(key: self.namespace.progressKey, rangeEnd: [], countOnly: true)
        do throws(MetadataError) {
            let answer = try await self.client.call(.range, request.encoded)
            let revision = try etcdDecoded(answer, EtcdRangeResponse.init).revision
            self.logger.notice("etcd has compacted changes before they were watched: loading again")
            self.state.withLock { $0.revision = revision }
            self.watches.restart(at: revision)
        } catch {
            self.logger.debug("etcd cannot be read", metadata: ["error": "\(error)"])
        }
    }
}
