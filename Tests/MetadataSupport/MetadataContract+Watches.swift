internal import Metadata
internal import Testing

extension MetadataContract {
    static let watches: [MetadataContract] = [
        MetadataContract(name: "a watch delivers past and coming changes in order, without a gap") { store in
            let first = try await store.write(put("a/1", "x"), put("b/1", "x")).revision
            let second = try await store.write(put("a/2", "y")).revision
            // Both are known to the watch, so they come together.
            try await store.requestProgress()
            var reader = store.watch(prefix: MetadataKey("a/"), from: first).makeAsyncIterator()
            var seen: [String] = []
            var reached: MetadataRevision = 0
            while seen.count < 2, let batch = try await reader.next() {
                seen += summary(batch) ?? []
                reached = batch.revision
            }
            #expect(seen == ["a/1=x", "a/2=y"])
            #expect(reached >= second)
            _ = try await store.write(put("b/2", "not watched"))
            let last = try await store.write(.delete(.prefix(MetadataKey("a/"))), put("c", "")).revision
            var batch = try await reader.next()
            while batch?.events.isEmpty == true { batch = try await reader.next() }
            #expect(summary(batch) == ["a/1 deleted", "a/2 deleted"])
            #expect(batch?.revision == last)
            #expect(batch?.events.allSatisfy { $0.revision == last } == true)
        },
        MetadataContract(name: "a watch leaves out what was before its revision") { store in
            var revisions: [MetadataRevision] = []
            for number in 0..<5 { revisions.append(try await store.write(put("a", "\(number)")).revision) }
            var reader = store.watch(.all, from: revisions[3]).makeAsyncIterator()
            var seen: [String] = []
            while seen.count < 2, let batch = try await reader.next() { seen += summary(batch) ?? [] }
            #expect(seen == ["a=3", "a=4"])
        },
        MetadataContract(name: "a watch that is asked reports how far it is, never too far") { store in
            let from = try await store.revision + 1
            for number in 0..<20 {
                let revision = try await store.write(put("w/\(number)", ""), put("other/\(number)", "")).revision
                try await store.requestProgress()
                var reader = store.watch(prefix: MetadataKey("w/"), from: from).makeAsyncIterator()
                var count = 0
                var reached: MetadataRevision = 0
                while reached < revision, let batch = try await reader.next() {
                    count += batch.events.count
                    reached = batch.revision
                }
                #expect(count == number + 1)
            }
        },
        MetadataContract(name: "a silent watch reports when it is asked") { store in
            let revision = try await store.write(put("other", "")).revision
            var reader = store.watch(prefix: MetadataKey("quiet/"), from: revision).makeAsyncIterator()
            async let batch = reader.next()
            try await store.requestProgress()
            let reached = try await batch
            #expect(reached?.events.isEmpty == true)
            #expect((reached?.revision ?? 0) >= revision)
        },
        MetadataContract(name: "concurrent writers and watchers agree on one order") { store in
            let from = try await store.revision + 1
            let seen = try await withThrowingTaskGroup(of: [MetadataEvent].self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        var events: [MetadataEvent] = []
                        for try await batch in store.watch(.all, from: from) {
                            events += batch.events
                            if events.count >= 200 { break }
                        }
                        return events
                    }
                }
                try await withThrowingTaskGroup(of: Void.self) { writers in
                    for writer in 0..<4 {
                        writers.addTask {
                            for number in 0..<50 { _ = try await store.write(put("w\(writer)", "\(number)")) }
                        }
                    }
                    try await writers.waitForAll()
                }
                return try await group.reduce(into: [[MetadataEvent]]()) { $0.append($1) }
            }
            #expect(seen.count == 3)
            for events in seen {
                #expect(events.count == 200)
                #expect(zip(events, events.dropFirst()).allSatisfy { $0.revision < $1.revision })
                #expect(events == seen[0])
            }
        },
        MetadataContract(name: "a cancelled watch ends") { store in
            let from = try await store.revision + 1
            let task = Task {
                var count = 0
                for try await batch in store.watch(.all, from: from) { count += batch.events.count }
                return count
            }
            task.cancel()
            #expect(try await task.value == 0)
        },
    ]

    static let sessions: [MetadataContract] = [
        MetadataContract(name: "closing a session deletes what is bound to it, and only that") { store in
            let session = try await store.openSession(timeToLive: .seconds(600))
            #expect(session.timeToLive >= .seconds(600))
            _ = try await store.write(put("a", "x", session: session.id), put("b", "x", session: session.id))
            #expect(try await store.get(MetadataKey("a")).entry?.session == session.id)
            let unbound = try await store.write(put("b", "unbound")).revision
            try await store.keepAlive(session.id)
            try await store.closeSession(session.id)
            try await store.closeSession(session.id)
            #expect(try await store.range(.all).entries.map(\.key.description) == ["b"])
            var reader = store.watch(.all, from: unbound + 1).makeAsyncIterator()
            var batch = try await reader.next()
            while batch?.events.isEmpty == true { batch = try await reader.next() }
            #expect(summary(batch) == ["a deleted"])
        },
        MetadataContract(name: "a session that is gone is told, and nothing is written under it") { store in
            let session = try await store.openSession(timeToLive: .seconds(600))
            try await store.closeSession(session.id)
            let late = await #expect(throws: MetadataError.self) { try await store.keepAlive(session.id) }
            #expect(late?.code == .sessionNotFound)
            let refused = await #expect(throws: MetadataError.self) {
                try await store.write(put("a", "", session: session.id), put("b", ""))
            }
            #expect(refused?.code == .sessionNotFound)
            #expect(try await store.range(.all).entries.isEmpty)
            #expect(try await store.openSession(timeToLive: .seconds(600)).id != session.id)
        },
    ]
}
