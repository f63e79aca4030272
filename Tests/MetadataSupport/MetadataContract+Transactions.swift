internal import Metadata
internal import Testing

extension MetadataContract {
    static let transactions: [MetadataContract] = [
        MetadataContract(name: "entries carry the revisions of their puts") { store in
            let first = try await store.write(put("a", "1"), put("b", "1")).revision
            let second = try await store.write(put("a", "2")).revision
            #expect(second > first)
            let entry = try #require(try await store.get(MetadataKey("a")).entry)
            #expect(entry.createRevision == first)
            #expect(entry.modRevision == second)
            #expect(entry.version == 2)
            #expect(text(entry) == "2")
        },
        MetadataContract(name: "a key made again starts at version 1 with a new create revision") { store in
            _ = try await store.write(put("a", "1"))
            #expect(try await store.write(.delete(.key(MetadataKey("a")))).responses == [.deleted(count: 1)])
            let again = try await store.write(put("a", "2")).revision
            let entry = try #require(try await store.get(MetadataKey("a")).entry)
            #expect(entry.version == 1)
            #expect(entry.createRevision == again)
        },
        MetadataContract(name: "compares hold as in etcd") { store in
            let created = try await store.write(put("k", "one")).revision
            let changed = try await store.write(put("k", "two")).revision
            let key = MetadataKey("k")
            let none = MetadataKey("none")
            let value = Array("two".utf8)
            let compares: [(MetadataCompare, Bool)] = [
                (.isMissing(none), true), (.isMissing(key), false),
                (.isUnchanged(key, since: changed), true), (.isUnchanged(key, since: created), false),
                (.isUnchanged(none, since: 0), true),
                (MetadataCompare(key, .equal, .createRevision(created)), true),
                (MetadataCompare(key, .notEqual, .createRevision(created)), false),
                (MetadataCompare(key, .less, .createRevision(created + 1)), true),
                (MetadataCompare(key, .greater, .createRevision(created)), false),
                (MetadataCompare(key, .greater, .modRevision(created)), true),
                (MetadataCompare(key, .less, .modRevision(changed)), false),
                (MetadataCompare(key, .equal, .version(2)), true),
                (MetadataCompare(key, .greater, .version(2)), false),
                (MetadataCompare(none, .equal, .version(0)), true),
                (MetadataCompare(none, .less, .version(1)), true),
                (MetadataCompare(key, .equal, .value(value)), true),
                (MetadataCompare(key, .notEqual, .value(value)), false),
                (MetadataCompare(key, .less, .value(Array("zzz".utf8))), true),
                (MetadataCompare(key, .greater, .value(Array("a".utf8))), true),
                (MetadataCompare(none, .equal, .value([])), false),
                (MetadataCompare(none, .notEqual, .value(value)), false),
            ]
            for (number, (compare, holds)) in compares.enumerated() {
                let outcome = try await store.commit(
                    MetadataTransaction(
                        compares: [compare],
                        success: [put("yes/\(number)", "")],
                        failure: [put("no/\(number)", "")]
                    )
                )
                #expect(outcome.succeeded == holds, "\(compare)")
            }
            let yes = try await store.range(.prefix(MetadataKey("yes/"))).entries.count
            #expect(yes == compares.count { $0.1 })
            #expect(try await store.range(.prefix(MetadataKey("no/"))).entries.count == compares.count - yes)
        },
        MetadataContract(name: "operations see those before them, and all have one revision") { store in
            let outcome = try await store.write(
                put("a", "1"),
                put("b", "2"),
                .range(.all),
                .delete(.prefix(MetadataKey("z"))),
                .range(.all, limit: 1)
            )
            guard case .range(let all) = outcome.responses[2], case .range(let first) = outcome.responses[4] else {
                Issue.record("not ranges")
                return
            }
            #expect(outcome.responses.count == 5)
            #expect(all.entries.map(\.key.description) == ["a", "b"])
            #expect(all.entries.allSatisfy { $0.modRevision == outcome.revision })
            #expect(first.entries.count == 1)
            #expect(first.hasMore)
        },
        MetadataContract(name: "a transaction without compares or operations succeeds") { store in
            let outcome = try await store.commit(MetadataTransaction(success: []))
            #expect(outcome.succeeded && outcome.responses.isEmpty)
        },
        MetadataContract(name: "what is too large or contradicts itself is refused and does nothing") { store in
            let many = (0...MetadataLimits.operationsMax).map { put("k\($0)", "") }
            let refused = [
                MetadataTransaction(success: many),
                MetadataTransaction(success: [put("a", String(repeating: "x", count: 1_572_864))]),
                MetadataTransaction(success: [put("a", "1"), put("a", "2")]),
                MetadataTransaction(success: [put("a", "1"), .delete(.all)]),
                MetadataTransaction(success: [put("", "1")]),
            ]
            for transaction in refused {
                let error = await #expect(throws: MetadataError.self) { try await store.commit(transaction) }
                #expect(error?.code == .invalidTransaction)
            }
            let written = try await store.range(.all).entries
            #expect(written.isEmpty)
        },
        MetadataContract(name: "as many operations and bytes as the limits allow are taken") { store in
            let most = (0..<MetadataLimits.operationsMax).map { put("k\($0)", "") }
            let compares = (0..<MetadataLimits.operationsMax).map { MetadataCompare.isMissing(MetadataKey("k\($0)")) }
            let transaction = MetadataTransaction(compares: compares, success: most, failure: most)
            #expect(try await store.commit(transaction).succeeded)
            #expect(try await store.commit(transaction).succeeded == false)
            _ = try await store.write(put("large", String(repeating: "x", count: 1_500_000)))
            #expect(try await store.get(MetadataKey("large")).entry?.value.count == 1_500_000)
        },
        MetadataContract(name: "of many that change one value each wins once") { store in
            _ = try await store.write(put("n", "0"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var won = 0
                        while won < 10 {
                            let entry = try #require(try await store.get(MetadataKey("n")).entry)
                            let next = (Int(text(entry) ?? "") ?? 0) + 1
                            let outcome = try await store.commit(
                                MetadataTransaction(
                                    compares: [.isUnchanged(entry.key, since: entry.modRevision)],
                                    success: [put("n", "\(next)")]
                                )
                            )
                            if outcome.succeeded { won += 1 }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await text(store.get(MetadataKey("n")).entry) == "40")
        },
    ]

    static let ranges: [MetadataContract] = [
        MetadataContract(name: "ranges are in byte order, half-open and paged") { store in
            for key in ["t/b", "t/a", "t", "t0", "s", "t/\u{7F}", "t/a0"] { _ = try await store.write(put(key, key)) }
            _ = try await store.write(.put(key: MetadataKey(bytes: [UInt8(ascii: "t"), 0x2F, 0xFF]), value: []))
            let all = try await store.range(.prefix(MetadataKey("t/")))
            #expect(all.entries.map(\.key.description) == ["t/a", "t/a0", "t/b", "t/\\x7f", "t/\\xff"])
            #expect(!all.hasMore)
            let page = try await store.range(.prefix(MetadataKey("t/")), limit: 2)
            #expect(page.hasMore && page.entries.count == 2)
            var rest = MetadataKeyRange.prefix(MetadataKey("t/"))
            rest.lower = try #require(page.entries.last).key.successor
            #expect(try await store.range(rest).entries.count == 3)
            #expect(try await store.range(.all).entries.count == 8)
            #expect(try await store.range(.key(MetadataKey("t"))).entries.count == 1)
        },
        MetadataContract(name: "a range of many entries is whole") { store in
            for start in stride(from: 0, to: 12_000, by: 120) {
                let puts = (start..<start + 120).map { put("n/\(String($0 + 100_000))", "\($0)") }
                _ = try await store.commit(MetadataTransaction(success: puts))
            }
            let all = try await store.range(.prefix(MetadataKey("n/")))
            #expect(all.entries.map { text($0) ?? "" } == (0..<12_000).map(String.init))
            #expect(!all.hasMore)
            #expect(try await store.range(.all, limit: 7_000).entries.count == 7_000)
        },
    ]
}
