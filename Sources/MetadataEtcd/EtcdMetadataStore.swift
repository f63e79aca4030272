package import Logging
package import Metadata
package import NIOCore
internal import Synchronization

/// The metadata store of a cluster, in etcd.
///
/// | of the interface | in etcd |
/// | --- | --- |
/// | `commit` | one transaction, guarded by a marker that decides what a lost answer was (`TransactionMarker`) |
/// | `get`, `range` | linearizable ranges; a long one in pages of one revision |
/// | `watch` | one watch of the whole namespace, which feeds a `MetadataWatchHub` |
/// | `requestProgress` | a write to a key inside the namespace: when it arrives, all before it has |
/// | sessions | leases |
///
/// Every call asks one member with a short deadline, then the next (`EtcdClient`). `run` carries the watch and keeps
/// the markers' lease; without it watches deliver nothing.
package final class EtcdMetadataStore: MetadataStore {
    private static let pageEntries = 5_000
    /// How long the markers outlive a store that is gone or cut off.
    private static let markerTimeToLive: Int64 = 120
    private static let markerKeepAliveInterval = Duration.seconds(20)

    struct MarkerState {
        var markers = TransactionMarkers()
        /// 0 before the first transaction.
        var lease: Int64 = 0
    }

    let client: EtcdClient
    let namespace: EtcdNamespace
    let watches: MetadataWatchHub
    let logger: Logger
    /// In the names of this store's markers: no two stores have the same.
    private let instance: String
    private let markers = Mutex(MarkerState())
    private let feed: EtcdWatchFeed

    private init(client: EtcdClient, namespace: EtcdNamespace, instance: String, revision: Int64, logger: Logger) {
        self.client = client
        self.namespace = namespace
        self.instance = instance
        self.logger = logger
        self.watches = MetadataWatchHub(openedAt: revision)
        self.feed = EtcdWatchFeed(client: client, namespace: namespace, watches: self.watches, logger: logger)
    }

    /// Connects, and finds the revision from which on watches see every change.
    ///
    /// - Parameter instance: random bits, different for each store that was ever opened.
    /// - Throws: `.unavailable` when no member answers in `callTimeout`, or etcd refuses the user.
    package static func connect(
        _ settings: EtcdSettings,
        eventLoop: any EventLoop,
        instance: UInt64,
        logger: Logger
    ) async throws(MetadataError) -> EtcdMetadataStore {
        precondition(settings.prefix.hasSuffix("/"), "a prefix ends where a name does")
        let first = Int(truncatingIfNeeded: instance >> 1) & 0xFFFF
        let client = EtcdClient(settings, eventLoop: eventLoop, first: first, logger: logger)
        let namespace = EtcdNamespace(prefix: settings.prefix)
        do throws(MetadataError) {
            let request = EtcdRangeRequest(key: namespace.progressKey, rangeEnd: [], countOnly: true)
            let answer = try await client.call(.range, request.encoded)
            let revision = try etcdDecoded(answer, EtcdRangeResponse.init).revision
            return EtcdMetadataStore(
                client: client,
                namespace: namespace,
                instance: String(instance, radix: 16),
                revision: revision,
                logger: logger
            )
        } catch {
            client.close()
            throw error
        }
    }

    /// Carries the watch and keeps the markers alive, until the task is cancelled or the store closed.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.feed.run() }
            group.addTask { await self.keepMarkersAlive() }
            await group.next()
            group.cancelAll()
        }
    }

    /// Ends every watch and later call with `.closed`. Sessions stay until their time is over.
    package func close() {
        self.watches.fail(MetadataError(.closed, "The metadata store is closed."))
        self.client.close()
    }

    // MARK: Reading

    package func get(_ key: MetadataKey) async throws(MetadataError) -> MetadataGetResult {
        let request = EtcdRangeRequest(key: self.namespace.key(key), rangeEnd: [])
        let answer = try await self.read(request)
        return MetadataGetResult(entry: answer.entries.first.map(self.namespace.entry), revision: answer.revision)
    }

    package func range(_ range: MetadataKeyRange, limit: Int) async throws(MetadataError) -> MetadataRangeResult {
        while true {
            do throws(MetadataError) {
                return try await self.pages(range, limit: limit)
            } catch {
                // The revision of the first page was compacted while the others were read: begin again.
                guard error.code == .compacted else { throw error }
            }
        }
    }

    /// All pages of a range as they are at one revision.
    private func pages(_ range: MetadataKeyRange, limit: Int) async throws(MetadataError) -> MetadataRangeResult {
        var result = MetadataRangeResult(entries: [], hasMore: true, revision: 0)
        var rest = range
        while result.hasMore, limit <= 0 || result.entries.count < limit {
            let wanted = limit <= 0 ? Self.pageEntries : min(Self.pageEntries, limit - result.entries.count)
            let answer = try await self.read(
                self.namespace.request(rest, limit: wanted, revision: result.revision)
            )
            if result.revision == 0 { result.revision = answer.revision }
            result.entries += answer.entries.map(self.namespace.entry)
            result.hasMore = answer.more
            if let last = result.entries.last { rest.lower = last.key.successor }
        }
        return result
    }

    private func read(_ request: EtcdRangeRequest) async throws(MetadataError) -> EtcdRangeResponse {
        try etcdDecoded(try await self.client.call(.range, request.encoded), EtcdRangeResponse.init)
    }

    // MARK: Watching

    package func watch(_ range: MetadataKeyRange, from: MetadataRevision) -> MetadataWatch {
        self.watches.watch(range, from: from)
    }

    package func requestProgress() async throws(MetadataError) {
        let put = EtcdTxnRequest(success: [.put(key: self.namespace.progressKey, value: [], lease: 0)])
        _ = try await self.client.call(.txn, put.encoded)
    }

    // MARK: Sessions

    package func openSession(timeToLive: Duration) async throws(MetadataError) -> MetadataSession {
        let (seconds, attoseconds) = timeToLive.components
        let wanted = max(1, seconds + (attoseconds > 0 ? 1 : 0))
        let lease = try await self.grant(seconds: wanted)
        return MetadataSession(id: MetadataSessionID(lease.id), timeToLive: .seconds(lease.seconds))
    }

    private func grant(seconds: Int64) async throws(MetadataError) -> EtcdLeaseResponse {
        let answer = try await self.client.call(.leaseGrant, EtcdLeaseRequest.grant(seconds: seconds).encoded)
        return try etcdDecoded(answer, EtcdLeaseResponse.init)
    }

    package func keepAlive(_ session: MetadataSessionID) async throws(MetadataError) {
        let request = EtcdLeaseRequest.keepAlive(session.rawValue)
        let answer = try await self.client.call(.leaseKeepAlive, request.encoded)
        guard try etcdDecoded(answer, EtcdLeaseResponse.init).seconds > 0 else {
            throw MetadataError(.sessionNotFound, "Session \(session) does not exist or has expired.")
        }
    }

    package func closeSession(_ session: MetadataSessionID) async throws(MetadataError) {
        do throws(MetadataError) {
            _ = try await self.client.call(.leaseRevoke, EtcdLeaseRequest.revoke(session.rawValue).encoded)
        } catch {
            guard error.code == .sessionNotFound else { throw error }
        }
    }

    // MARK: Markers

    /// A marker whose key exists, and the lease that it is under.
    func takeMarker() async throws(MetadataError) -> (marker: TransactionMarker, lease: Int64) {
        var lease = self.markers.withLock { $0.lease }
        if lease == 0 {
            let granted = try await self.grant(seconds: Self.markerTimeToLive).id
            // Of two that grant at a time one is used; the other runs out.
            lease = self.markers.withLock { state in
                if state.lease == 0 { state.lease = granted }
                return state.lease
            }
        }
        let (marker, isNew) = self.markers.withLock { $0.markers.take() }
        if isNew {
            let create = EtcdTxnRequest(
                success: [.put(key: self.key(of: marker), value: TransactionMarker.initialValue, lease: lease)]
            )
            _ = try await self.client.call(.txn, create.encoded)
        }
        return (marker, lease)
    }

    func key(of marker: TransactionMarker) -> [UInt8] { marker.key(in: self.namespace, instance: self.instance) }

    /// Gives a marker back; one of a lease that is gone is forgotten.
    func release(_ marker: TransactionMarker, lease: Int64) {
        self.markers.withLock { state in
            if state.lease == lease { state.markers.release(marker) }
        }
    }

    /// The lease has run out, and the markers with it.
    func forgetMarkers(lease: Int64) {
        self.markers.withLock { state in
            guard state.lease == lease else { return }
            state.lease = 0
            state.markers.forget()
        }
    }

    private func keepMarkersAlive() async {
        while !Task.isCancelled {
            let lease = self.markers.withLock { $0.lease }
            if lease != 0 {
                do throws(MetadataError) {
                    try await self.keepAlive(MetadataSessionID(lease))
                } catch {
                    if error.code == .closed { return }
                    if error.code == .sessionNotFound { self.forgetMarkers(lease: lease) }
                }
            }
            do {
                try await Task.sleep(for: Self.markerKeepAliveInterval)
            } catch {
                return
            }
        }
    }
}
