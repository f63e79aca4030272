import EtcdTestSupport
import Foundation
import Metadata
import MetadataTestSupport
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import MetadataEtcd

/// What a store promises while etcd fails.
@Suite(
    .enabled(if: EtcdCluster.binary != nil, "etcd is not there: scripts/engines/etcd fetch"),
    .serialized,
    .timeLimit(.minutes(20))
)
struct EtcdFaultTests {
    @Test func `a transaction whose answer was lost is carried out once, and answered as it was`() async throws {
        let cluster = try await EtcdCluster.shared.value
        let proxy = try await LossyProxy.start(before: cluster.endpoints[0])
        let running = try await RunningStore(cluster.settings(endpoints: [proxy.endpoint]))
        let store = running.store
        for number in 0..<4 {
            _ = try await store.write(put("old/\(number)/1", ""), put("old/\(number)/2", ""))
            proxy.muteConnections()
            let outcome = try await store.commit(
                MetadataTransaction(
                    compares: [.isMissing(MetadataKey("new/\(number)"))],
                    success: [
                        put("new/\(number)", "x"), .delete(.prefix(MetadataKey("old/\(number)/"))),
                        .range(.prefix(MetadataKey("new/\(number)"))),
                    ],
                    failure: [.range(.all)]
                )
            )
            // Without the marker the second attempt would find the key there and say that the transaction failed.
            #expect(outcome.succeeded)
            let entry = try #require(try await store.get(MetadataKey("new/\(number)")).entry)
            #expect(entry.version == 1)
            #expect(entry.modRevision == outcome.revision)
            #expect(outcome.responses.count == 3)
            #expect(outcome.responses[..<2] == [.put, .deleted(count: 2)])
            guard case .range(let range) = outcome.responses[2] else {
                Issue.record("not a range")
                return
            }
            #expect(range.entries == [entry])
        }
        await running.stop()
        try await proxy.stop()
    }

    @Test func `a refusal whose answer was lost stays a refusal`() async throws {
        let cluster = try await EtcdCluster.shared.value
        let proxy = try await LossyProxy.start(before: cluster.endpoints[0])
        let running = try await RunningStore(cluster.settings(endpoints: [proxy.endpoint]))
        _ = try await running.store.write(put("a", "1"))
        proxy.muteConnections()
        let outcome = try await running.store.commit(
            MetadataTransaction(
                compares: [.isMissing(MetadataKey("a"))],
                success: [put("a", "2")],
                failure: [put("refused", "1")]
            )
        )
        #expect(!outcome.succeeded)
        #expect(outcome.responses == [.put])
        #expect(try await running.store.get(MetadataKey("refused")).entry?.version == 1)
        #expect(try await text(running.store.get(MetadataKey("a")).entry) == "1")
        await running.stop()
        try await proxy.stop()
    }

    @Test func `a transaction that decides itself is repeated as it is`() async throws {
        let cluster = try await EtcdCluster.shared.value
        let proxy = try await LossyProxy.start(before: cluster.endpoints[0])
        let running = try await RunningStore(cluster.settings(endpoints: [proxy.endpoint]))
        _ = try await running.store.write(put("other", ""))
        proxy.muteConnections()
        var transaction = MetadataTransaction(
            compares: [.isMissing(MetadataKey("a"))],
            success: [put("a", "mine")],
            failure: [.range(.key(MetadataKey("a")))]
        )
        transaction.isRepeatable = true
        let outcome = try await running.store.commit(transaction)
        // The second attempt finds what the first one did: without a marker this is all that can be known.
        #expect(!outcome.succeeded)
        guard case .range(let range)? = outcome.responses.first else {
            Issue.record("not a range")
            return
        }
        #expect(text(range.entries.first) == "mine")
        #expect(range.entries.first?.version == 1)
        await running.stop()
        try await proxy.stop()
    }

    @Test func `a copy of a transaction that arrives late does nothing`() async throws {
        let running = try await RunningStore(EtcdCluster.shared.value.settings())
        let store = running.store
        let transaction = MetadataTransaction(success: [put("n", "late")])
        let (marker, lease) = try await store.takeMarker()
        let request = marker.guarding(
            transaction,
            key: store.key(of: marker),
            lease: lease,
            in: store.namespace,
            isRepeated: true
        )
        _ = try await store.client.call(.txn, request.encoded)
        store.release(marker, lease: lease)
        _ = try await store.write(put("n", "newer"))
        _ = try await store.client.call(.txn, request.encoded)
        #expect(try await text(store.get(MetadataKey("n")).entry) == "newer")
        await running.stop()
    }

    @Test func `markers whose lease was revoked are made again`() async throws {
        let running = try await RunningStore(EtcdCluster.shared.value.settings())
        let store = running.store
        for number in 0..<3 {
            let outcome = try await store.write(put("a", "\(number)"))
            #expect(outcome.succeeded)
            let (marker, lease) = try await store.takeMarker()
            store.release(marker, lease: lease)
            try await store.closeSession(MetadataSessionID(lease))
        }
        #expect(try await store.get(MetadataKey("a")).entry?.version == 3)
        let session = try await store.openSession(timeToLive: .seconds(30))
        _ = try await store.write(put("b", "", session: session.id))
        await running.stop()
    }

    @Test func `a watch whose next changes are compacted must load again, and then misses nothing`() async throws {
        let cluster = try await EtcdCluster.start()
        let proxy = try await LossyProxy.start(before: cluster.endpoints[0])
        let settings = cluster.settings(endpoints: [proxy.endpoint])
        let watching = try await RunningStore(settings)
        var direct = settings
        direct.endpoints = cluster.endpoints
        let writing = try await RunningStore(direct)
        let from = try await watching.store.revision + 1
        _ = try await writing.store.write(put("a", "0"))
        var reader = watching.store.watch(.all, from: from).makeAsyncIterator()
        #expect(try await summary(reader.next()) == ["a=0"])
        // The watch hears nothing while the changes are made and compacted.
        proxy.muteConnections()
        var revision: MetadataRevision = 0
        for number in 1...5 { revision = try await writing.store.write(put("a", "\(number)")).revision }
        let compact = ProtobufWriter.message { $0.number(1, revision) }
        _ = try await writing.store.client.call(.compact, compact)
        let error = await #expect(throws: MetadataError.self) { _ = try await reader.next() }
        #expect(error?.code == .compacted)
        let loaded = try await watching.store.get(MetadataKey("a"))
        #expect(text(loaded.entry) == "5")
        var again = watching.store.watch(.all, from: loaded.revision + 1).makeAsyncIterator()
        _ = try await writing.store.write(put("a", "6"))
        #expect(try await summary(again.next()) == ["a=6"])
        await watching.stop()
        await writing.stop()
        try await proxy.stop()
    }

    @Test func `a full etcd refuses writes and serves reads and deletions`() async throws {
        let cluster = try await EtcdCluster.start(.init(arguments: ["--quota-backend-bytes", "\(2 << 20)"]))
        var settings = cluster.settings()
        // An attempt that ran out of time may be carried out later: then even a refusal leaves a write undecided.
        settings.attemptTimeout = .seconds(60)
        settings.callTimeout = .seconds(120)
        let running = try await RunningStore(settings)
        let large = String(repeating: "x", count: 200_000)
        // etcd looks at its quota before it proposes a transaction and while it carries it out, and then writes all the
        // same: of writes that are under way together some are refused that are done.
        func refusal(of number: Int) async -> MetadataError.Code? {
            do throws(MetadataError) {
                _ = try await running.store.commit(MetadataTransaction(success: [put("k/\(number)", large)]))
                return nil
            } catch {
                return error.code
            }
        }
        var outcomes = await withTaskGroup(of: MetadataError.Code?.self) { group in
            for number in 0..<40 { group.addTask { await refusal(of: number) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        while outcomes.last == MetadataError.Code?.none, outcomes.count < 100 {
            outcomes.append(await refusal(of: outcomes.count))
        }
        let written = outcomes.filter { $0 == nil }.count
        #expect(outcomes.last == .diskFull)
        #expect(outcomes.allSatisfy { $0 == nil || $0 == .diskFull })
        #expect(try await running.store.range(.prefix(MetadataKey("k/"))).entries.count == written)
        let deleted = try await running.store.write(.delete(.prefix(MetadataKey("k/"))))
        #expect(deleted.responses == [.deleted(count: written)])
        await running.stop()
    }

    @Test(arguments: [SIGKILL, SIGSTOP])
    func `with one member gone every answer is true and no change is missed`(signal: Int32) async throws {
        let cluster = try await EtcdCluster.start(.init(members: 3))
        let settings = cluster.settings()
        let running = try await RunningStore(settings)
        let store = running.store
        let from = try await store.revision + 1
        let watched = Task {
            var seen: [String] = []
            for try await batch in store.watch(prefix: MetadataKey("n/"), from: from) {
                seen += summary(batch) ?? []
                if seen.contains("n/end=") { break }
            }
            return seen
        }
        var longest = Duration.zero
        for number in 0..<60 {
            // Each member in turn, the leader among them; it returns before the next one goes.
            if number % 20 == 5 { cluster.signal(signal, number / 20) }
            if number % 20 == 15 {
                if signal == SIGKILL { try cluster.launch(number / 20) } else { cluster.signal(SIGCONT, number / 20) }
                try await cluster.reach(number / 20)
            }
            let began = ContinuousClock.now
            let key = MetadataKey("n/\(number)")
            let outcome = try await store.commit(
                MetadataTransaction(compares: [.isMissing(key)], success: [put("n/\(number)", "")])
            )
            longest = max(longest, ContinuousClock.now - began)
            #expect(outcome.succeeded, "the transaction of \(number) was carried out, but answered as refused")
        }
        _ = try await store.write(put("n/end", ""))
        let expected = (0..<60).map { "n/\($0)=" } + ["n/end="]
        #expect(try await watched.value == expected)
        let entries = try await store.range(.prefix(MetadataKey("n/"))).entries
        #expect(entries.count == 61)
        #expect(entries.allSatisfy { $0.version == 1 })
        #expect(longest < .seconds(8))
        print("longest commit with \(signal == SIGKILL ? "a killed" : "a stopped") member: \(longest)")
        await running.stop()
    }

    @Test func `without a majority calls fail as undecided, and the store recovers`() async throws {
        let cluster = try await EtcdCluster.start(.init(members: 3))
        var settings = cluster.settings()
        settings.callTimeout = .seconds(4)
        let running = try await RunningStore(settings)
        let from = try await running.store.revision + 1
        _ = try await running.store.write(put("a", "1"))
        for member in 0..<2 { cluster.signal(SIGSTOP, member) }
        let error = await #expect(throws: MetadataError.self) { try await running.store.write(put("a", "2")) }
        #expect(error?.code == .unavailable)
        for member in 0..<2 { cluster.signal(SIGCONT, member) }
        var outcome: MetadataOutcome?
        while outcome == nil { outcome = try? await running.store.write(put("a", "3")) }
        #expect(try await text(running.store.get(MetadataKey("a")).entry) == "3")
        var reader = running.store.watch(.all, from: from).makeAsyncIterator()
        var last: String?
        while last != "a=3", let batch = try await reader.next() { last = summary(batch)?.last ?? last }
        await running.stop()
    }
}
