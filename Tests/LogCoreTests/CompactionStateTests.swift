import Model
import Testing

@testable import LogCore
@testable import RecordBatch

@Suite struct OffsetMapTests {
    private static func put(_ map: inout OffsetMap, _ key: String, _ offset: Offset) -> Bool {
        Array(key.utf8).withUnsafeBytes { map.put($0, offset) }
    }

    private static func offset(_ map: borrowing OffsetMap, _ key: String) -> Offset? {
        Array(key.utf8).withUnsafeBytes { map.offset(of: $0) }
    }

    @Test func `the newest offset of each key is kept`() {
        var map = OffsetMap(wanted: 3_000, bytesMax: 1 << 20, loadFactor: 0.9, seed: (1, 2))
        for offset in 0..<9_000 {
            let isThere = Self.put(&map, "key \(offset % 3_000)", Offset(offset))
            #expect(isThere)
        }
        let count = map.count
        #expect(count == 3_000)
        for key in 0..<3_000 {
            let found = Self.offset(map, "key \(key)")
            #expect(found == Offset(6_000 + key))
        }
        let unknown = Self.offset(map, "key")
        #expect(unknown == nil)
    }

    @Test(arguments: [0, 24, 48, 24 * 100])
    func `a full map takes known keys only, and never more memory than it may`(bytesMax: Int) {
        var map = OffsetMap(wanted: 1_000_000, bytesMax: bytesMax, loadFactor: 0.9, seed: (3, 4))
        let bytes = map.bytes
        #expect(bytes <= max(48, bytesMax))
        var taken = 0
        while Self.put(&map, "k\(taken)", Offset(taken)) { taken += 1 }
        let countMax = map.countMax
        #expect(taken == countMax && taken >= 1)
        let isKnown = Self.put(&map, "k0", 99)
        #expect(isKnown)
        let found = Self.offset(map, "k0")
        #expect(found == 99)
        let utilization = map.utilization
        #expect(utilization == 1)
    }

    @Test func `a small log takes little memory`() {
        let map = OffsetMap(wanted: 100, bytesMax: 128 << 20, loadFactor: 0.9, seed: (0, 0))
        let (bytes, countMax) = (map.bytes, map.countMax)
        #expect(bytes < 8_192 && countMax >= 100)
    }

    @Test func `keys of every length have hashes of their own`() {
        var seen: Set<[UInt64]> = []
        let hasher = KeyHasher(seed: (5, 6))
        for length in 0..<200 {
            for fill in 0..<4 {
                let bytes = [UInt8](repeating: UInt8(fill), count: length)
                let (high, low) = bytes.withUnsafeBytes { hasher.hash($0) }
                seen.insert([high, low])
            }
        }
        #expect(seen.count == 199 * 4 + 1)
    }
}

@Suite struct CompactionFilterTests {
    static func header(
        _ base: Offset,
        count: Int32 = 1,
        producer: Int64 = -1,
        epoch: Int16 = 0,
        isTransactional: Bool = false,
        isControl: Bool = false,
        horizon: Timestamp? = nil
    ) -> RecordBatchHeader {
        RecordBatchHeader(
            baseOffset: base,
            batchLength: 100,
            partitionLeaderEpoch: LeaderEpoch(0),
            crc: 0,
            attributes: BatchAttributes(
                isTransactional: isTransactional,
                isControl: isControl,
                hasDeleteHorizon: horizon != nil
            ),
            lastOffsetDelta: count - 1,
            baseTimestamp: horizon ?? 0,
            maxTimestamp: 0,
            producerID: ProducerID(producer),
            producerEpoch: ProducerEpoch(producer < 0 ? -1 : epoch),
            baseSequence: producer < 0 ? -1 : 0,
            recordCount: count
        )
    }

    static func aborted(_ producer: Int64, _ first: Offset, _ last: Offset) -> AbortedTransactions.Entry {
        AbortedTransactions.Entry(
            producerID: ProducerID(producer),
            firstOffset: first,
            lastOffset: last,
            lastStableOffset: last + 1
        )
    }

    private static func filter(
        _ producers: [Int64: CompactionFilter.LastBatch] = [:],
        end: Offset = 1_000,
        latest: Offset = 999,
        now: Timestamp = 10_000
    ) -> CompactionFilter {
        CompactionFilter(
            producers: Dictionary(uniqueKeysWithValues: producers.map { (ProducerID($0.key), $0.value) }),
            end: end,
            latestOffset: latest,
            now: now
        )
    }

    private static func retains(
        _ filter: inout CompactionFilter,
        _ header: RecordBatchHeader,
        key: String?,
        hasValue: Bool = true,
        newest: Offset?
    ) -> Bool {
        var map = OffsetMap(wanted: 10, bytesMax: 1_000, loadFactor: 0.9, seed: (1, 1))
        let bytes = Array((key ?? "").utf8)
        return bytes.withUnsafeBytes { bytes in
            if let newest { _ = map.put(bytes, newest) }
            return filter.retains(
                BatchFilter.Candidate(offset: header.baseOffset, key: key == nil ? nil : bytes, hasValue: hasValue),
                of: header,
                map
            )
        }
    }

    @Test func `of a key the newest record stays`() {
        var filter = Self.filter()
        #expect(Self.retains(&filter, Self.header(5), key: "a", newest: 5))
        #expect(!Self.retains(&filter, Self.header(5), key: "a", newest: 6))
        #expect(Self.retains(&filter, Self.header(5), key: "a", newest: nil))
        #expect(Self.retains(&filter, Self.header(5), key: "a", newest: 4), "partly mapped batches go back")
    }

    @Test func `what lies behind the map stays whole`() {
        var filter = Self.filter(latest: 5)
        #expect(Self.retains(&filter, Self.header(6), key: "a", newest: 9))
        #expect(Self.retains(&filter, Self.header(6), key: nil, newest: nil))
        #expect(filter.keylessCount == 0)
        #expect(!Self.retains(&filter, Self.header(5), key: nil, newest: nil))
        #expect(filter.keylessCount == 1)
    }

    @Test(arguments: [(nil, true), (10_001, true), (10_000, false), (1, false)] as [(Timestamp?, Bool)])
    func `a tombstone stays until its horizon`(horizon: Timestamp?, stays: Bool) {
        var filter = Self.filter()
        let header = Self.header(5, horizon: horizon)
        #expect(Self.retains(&filter, header, key: "a", hasValue: false, newest: 5) == stays)
        #expect(Self.retains(&filter, header, key: "a", hasValue: true, newest: 5))
        #expect(!Self.retains(&filter, header, key: "a", hasValue: false, newest: 6))
    }

    @Test func `the last batch of a producer and of the run keep their headers`() {
        var filter = Self.filter(
            [
                1: .init(lastOffset: 20, epoch: ProducerEpoch(0)), 2: .init(lastOffset: nil, epoch: ProducerEpoch(3)),
            ],
            end: 100
        )
        #expect(filter.passed(Self.header(10, producer: 1), control: nil).fate == .filter)
        #expect(filter.passed(Self.header(18, count: 3, producer: 1), control: nil).fate == .keep)
        #expect(filter.passed(Self.header(21, producer: 2, epoch: 3), control: nil).fate == .filter)
        let older = Self.header(22, producer: 2, epoch: 2, isControl: true)
        #expect(filter.passed(older, control: .commit).fate == .filter)
        #expect(filter.passed(Self.header(23, producer: 2, epoch: 3, isControl: true), control: .commit).fate == .keep)
        #expect(filter.passed(Self.header(24, producer: 3), control: nil).fate == .filter)
        #expect(filter.passed(Self.header(97, count: 3), control: nil).fate == .keep)
    }

    @Test func `aborted batches go, their marker and its entry after them`() {
        var filter = Self.filter()
        filter.add([Self.aborted(1, 10, 14)])
        #expect(filter.passed(Self.header(9, producer: 1, isTransactional: true), control: nil).fate == .filter)
        let batch = filter.passed(Self.header(10, producer: 1, isTransactional: true), control: nil)
        #expect(batch.fate == .drop && batch.discardsRecords)
        #expect(filter.passed(Self.header(11, producer: 2, isTransactional: true), control: nil).fate == .filter)
        let marker = Self.header(14, producer: 1, isTransactional: true, isControl: true)
        #expect(
            filter.passed(marker, control: .abort)
                == .init(fate: .filter, discardsRecords: false, isUnneededMarker: false)
        )
        #expect(filter.takeKeptAborted() == [Self.aborted(1, 10, 14)])
        #expect(filter.takeKeptAborted() == [])
        // The next pass finds no batch of it.
        var second = Self.filter()
        second.add([Self.aborted(1, 10, 14)])
        #expect(
            second.passed(marker, control: .abort)
                == .init(fate: .filter, discardsRecords: false, isUnneededMarker: true)
        )
        #expect(second.takeKeptAborted() == [])
        // The third one finds its horizon behind it.
        var third = Self.filter()
        let due = Self.header(14, producer: 1, isTransactional: true, isControl: true, horizon: 9_999)
        #expect(third.passed(due, control: .abort).fate == .drop)
        let early = Self.header(14, producer: 1, isTransactional: true, isControl: true, horizon: 10_001)
        #expect(third.passed(early, control: .abort).fate == .filter)
    }

    @Test func `a commit marker is needed as long as a batch of its transaction is there`() {
        var filter = Self.filter()
        let marker = Self.header(14, producer: 1, isTransactional: true, isControl: true)
        _ = filter.passed(Self.header(10, producer: 1, isTransactional: true), control: nil)
        #expect(!filter.passed(marker, control: .commit).isUnneededMarker)
        #expect(filter.passed(marker, control: .commit).isUnneededMarker)
        #expect(filter.passed(marker, control: .empty).isUnneededMarker)
        #expect(!filter.passed(marker, control: .other).isUnneededMarker)
    }

    @Test func `transactions may be named twice and end in later segments`() {
        var filter = Self.filter()
        filter.add([Self.aborted(1, 10, 40), Self.aborted(2, 5, 50)])
        #expect(filter.passed(Self.header(10, producer: 1, isTransactional: true), control: nil).fate == .drop)
        filter.add([Self.aborted(2, 5, 50), Self.aborted(1, 10, 40), Self.aborted(1, 60, 70)])
        #expect(filter.passed(Self.header(30, producer: 1, isTransactional: true), control: nil).fate == .drop)
        _ = filter.passed(Self.header(40, producer: 1, isTransactional: true, isControl: true), control: .abort)
        #expect(filter.passed(Self.header(41, producer: 1, isTransactional: true), control: nil).fate == .filter)
        #expect(filter.passed(Self.header(60, producer: 1, isTransactional: true), control: nil).fate == .drop)
    }
}

@Suite struct CleanedSegmentsTests {
    private static func entry(_ base: Offset, _ end: Offset, _ size: Int64 = 10) -> CleanedSegments.Entry {
        CleanedSegments.Entry(baseOffset: base, end: end, sizeBytes: size)
    }

    @Test func `the file is read as it was written, and nothing else is taken for one`() {
        var cleaned = CleanedSegments(cleanedEnd: 500, gapsBefore: 7)
        cleaned.willSwap(Self.entry(0, 100))
        cleaned.swapped()
        cleaned.willSwap(Self.entry(100, 200, 0))
        cleaned.swapped()
        cleaned.willSwap(Self.entry(0, 200, 5))
        #expect(CleanedSegments(decoding: cleaned.encoded()) == cleaned)
        let bytes = cleaned.encoded()
        for count in 0..<bytes.count { #expect(CleanedSegments(decoding: Array(bytes[..<count])) == nil) }
        for bit in 0..<(bytes.count * 8) {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            // The version and the checksum themselves may read the same in more than one way.
            let decoded = CleanedSegments(decoding: damaged)
            #expect(decoded == nil || decoded == cleaned, "bit \(bit)")
        }
        let earlier = CleanedSegments(decoding: Array("0\n500 7\n0\n".utf8))
        #expect(earlier == CleanedSegments(cleanedEnd: 500, gapsBefore: 7))
        for text in [
            "", "1\n0 0\n0\n", "0\n0\n0\n", "0\n0 0\n-1\n", "0\n0 0\n1\n", "0\n0 0\n0\n5 4 1\n", "0\n0 0\nx\n",
        ] {
            #expect(CleanedSegments(decoding: Array(text.utf8)) == nil, "\(text)")
        }
    }

    @Test func `a segment that was swapped in replaces what it covers`() {
        var cleaned = CleanedSegments()
        for base in [0, 100, 200] as [Offset] {
            cleaned.willSwap(Self.entry(base, base + 100))
            cleaned.swapped()
        }
        cleaned.willSwap(Self.entry(0, 200, 7))
        #expect(cleaned.entry(base: 0, sizeBytes: 10) == Self.entry(0, 100), "the old one is there still")
        #expect(cleaned.entry(base: 0, sizeBytes: 7) == Self.entry(0, 200, 7))
        cleaned.swapped()
        #expect(cleaned.entries == [Self.entry(0, 200, 7), Self.entry(200, 300)])
        #expect(cleaned.entry(base: 0, sizeBytes: 8) == nil, "another file")
        #expect(cleaned.entry(base: 0, sizeBytes: 6) == Self.entry(0, 200, 7), "cut")
        cleaned.removeBefore(200)
        #expect(cleaned.entries == [Self.entry(200, 300)])
        cleaned.willSwap(Self.entry(200, 400))
        cleaned.abandoned()
        cleaned.swapped()
        #expect(cleaned.entries == [Self.entry(200, 300)])
    }
}

@Suite struct SwapRecoveryTests {
    private static func name(_ base: Offset, _ kind: FileNames.Kind, _ suffix: String) -> String {
        FileNames.file(kind, base: base) + suffix
    }

    @Test func `what was never swapped in goes, and what was is completed`() {
        let cleaned = FileNames.Kind.allCases.filter { $0 != .snapshot }.map { Self.name(5, $0, ".cleaned") }
        #expect(SwapRecovery(cleaned + ["00000000000000000005.log"]).abandoned == cleaned)
        #expect(SwapRecovery(cleaned).swaps.isEmpty)
        let partly = [Self.name(5, .log, ".cleaned"), Self.name(5, .offsetIndex, ".swap")]
        #expect(Set(SwapRecovery(partly).abandoned) == Set(partly))
        let swapped = [Self.name(5, .log, ".swap"), Self.name(5, .offsetIndex, ".swap")]
        #expect(SwapRecovery(swapped).swaps == [.init(baseOffset: 5, kinds: [.log, .offsetIndex])])
        #expect(SwapRecovery(swapped).abandoned.isEmpty)
        // The indexes have their names already.
        #expect(SwapRecovery([Self.name(5, .log, ".swap")]).swaps == [.init(baseOffset: 5, kinds: [.log])])
        // Indexes alone were renamed before their log.
        #expect(SwapRecovery([Self.name(5, .timeIndex, ".swap")]).abandoned == [Self.name(5, .timeIndex, ".swap")])
        #expect(SwapRecovery(["00000000000000000005.log", "cleaned-segments", "x.swap", "y.cleaned"]).isEmpty)
    }

    @Test func `a swap behind a cleaned file is not complete`() {
        let names = [Self.name(3, .log, ".swap"), Self.name(5, .log, ".cleaned"), Self.name(7, .log, ".swap")]
        let recovery = SwapRecovery(names)
        #expect(recovery.swaps == [.init(baseOffset: 3, kinds: [.log])])
        #expect(Set(recovery.abandoned) == [names[1], names[2]])
    }
}
