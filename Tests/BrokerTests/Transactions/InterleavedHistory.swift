import CoordinatorRuntime
import GroupCoordinator
import LogCore
import LogTestSupport
import Model
import NIOCore
import NIOEmbedded
import RecordBatch

@testable import Broker

/// Where the input of a copy comes from.
struct InputPlace: Hashable, Comparable {
    var group: String
    var partition: Int32

    static func < (left: Self, right: Self) -> Bool { (left.group, left.partition) < (right.group, right.partition) }
}

/// What clients did, saw and were told, by the number of a transaction.
struct InterleavedHistory {
    var lastNumber = 0
    /// Records that were acknowledged: their steps.
    var acknowledged: [Int: Set<Int>] = [:]
    var input: [Int: (place: InputPlace, offset: Offset)] = [:]
    /// Whether a transaction's end was acknowledged as a commit.
    var ended: [Int: Bool] = [:]
    /// Transactions whose committed records each transaction saw before its end.
    var reads: [Int: Set<Int>] = [:]
    /// The largest committed offset that was read.
    var seen: [InputPlace: Offset] = [:]
    /// Who owned a partition of the members' group in which epoch.
    var owners: [Claim: String] = [:]
    var problems: [String] = []

    struct Claim: Hashable {
        var partition: Int32
        var epoch: Int32
    }

    var commits: Int { self.ended.count { $0.value } }
}

/// A record of a data partition, as a reader of the log finds it.
struct StoredCopy {
    enum Fate { case pending, committed, aborted }

    var number: Int
    var step: Int
    var fate = Fate.pending
}

extension CoordinatorInterleaving {
    /// The records of a partition that are durable, with the fates of their transactions.
    func records(of partition: Int) -> [StoredCopy] {
        let log = self.logs[partition]
        var records: [StoredCopy] = []
        var open: [ProducerID: [Int]] = [:]
        for batch in log.batches where batch.end <= log.offsets.highWatermark {
            do throws(RecordBatchError) {
                let header = try RecordBatchHeader(reading: batch.bytes, at: batch.bytes.readerIndex)
                if header.attributes.isControl {
                    let marker = try ControlRecord.read(from: batch.bytes)
                    for index in open.removeValue(forKey: header.producerID) ?? [] {
                        records[index].fate = marker?.kind == .commit ? .committed : .aborted
                    }
                    continue
                }
                try RecordReader.forEachRecord(in: batch.bytes) { header, record in
                    var value = record.value.map { ByteBuffer(bytes: $0) } ?? ByteBuffer()
                    let (number, step) = (value.readInteger(as: Int.self) ?? -1, value.readInteger(as: Int.self) ?? -1)
                    open[header.producerID, default: []].append(records.count)
                    records.append(StoredCopy(number: number, step: step))
                    return true
                }
            } catch {
                self.history.problems.append("\(error)")
            }
        }
        return records
    }

    /// What a reader of committed records sees now: nothing past the first record whose transaction is open.
    func committedRecords(of partition: Int) -> [StoredCopy] {
        self.records(of: partition).prefix { $0.fate != .pending }.filter { $0.fate == .committed }
    }

    /// Compares what readers see at the end with what clients were told.
    func problems() -> [String] {
        var found = self.history.problems
        var stored: [Int: [StoredCopy]] = [:]
        for partition in self.logs.indices {
            for record in self.records(of: partition) { stored[record.number, default: []].append(record) }
        }
        var copied: [InputPlace: [Offset]] = [:]
        var committed: Set<Int> = []
        for (number, records) in stored.sorted(by: { $0.key < $1.key }) {
            let steps = records.filter { $0.fate == .committed }.map(\.step)
            if records.contains(where: { $0.fate == .pending }) { found.append("transaction \(number) hangs") }
            if !steps.isEmpty, steps.count != records.count { found.append("transaction \(number) is torn") }
            if Set(steps).count != steps.count { found.append("a record of transaction \(number) is doubled") }
            if !steps.isEmpty { committed.insert(number) }
            if !steps.isEmpty, let input = self.history.input[number] {
                copied[input.place, default: []].append(input.offset)
            }
        }
        for (number, commits) in self.history.ended.sorted(by: { $0.key < $1.key }) {
            let steps = Set((stored[number] ?? []).filter { $0.fate == .committed }.map(\.step))
            if commits, steps != self.history.acknowledged[number] ?? [] {
                found.append("committed transaction \(number) is lost")
            }
            if !commits, !steps.isEmpty { found.append("aborted transaction \(number) is committed") }
        }
        for (number, reads) in self.history.reads.sorted(by: { $0.key < $1.key }) where !reads.isSubset(of: committed) {
            found.append("transaction \(number) read aborted records of \(reads.subtracting(committed).sorted())")
        }
        if let circle = self.circle(among: committed) { found.append("information flows in a circle: \(circle)") }
        for (place, offsets) in copied.sorted(by: { $0.key < $1.key }) {
            if Set(offsets).count != offsets.count { found.append("\(place): copied twice: \(offsets.sorted())") }
            let committed = self.committedOffset(of: place)
            if committed != Offset(Set(offsets).count) {
                found.append("\(place): offset \(committed) after \(offsets.sorted())")
            }
        }
        return found
    }

    /// Transactions each of which read what the one before wrote, and the first what the last wrote.
    private func circle(among committed: Set<Int>) -> [Int]? {
        var done: Set<Int> = []
        for start in committed.sorted() where !done.contains(start) {
            var path: [Int] = []
            var rest: [(number: Int, depth: Int)] = [(start, 0)]
            while let (number, depth) = rest.popLast() {
                done.formUnion(path[depth...])
                path.removeSubrange(depth...)
                if path.contains(number) { return path + [number] }
                guard !done.contains(number) else { continue }
                path.append(number)
                for read in (self.history.reads[number] ?? []).sorted() where read != number {
                    rest.append((read, depth + 1))
                }
            }
            done.formUnion(path)
        }
        return nil
    }

    private func committedOffset(of place: InputPlace) -> Offset {
        let waiting = InterleavedClient.Waiting(life: self.life)
        self.readOffset(of: place, waiting)
        self.loop.run()
        guard case .offset(let offset)? = waiting.answer else { return -2 }
        return offset
    }
}
