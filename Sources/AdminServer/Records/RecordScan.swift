internal import Broker
internal import LogCore
internal import Model
internal import NIOCore
internal import RecordSearch
internal import Synchronization

/// Carries out a `ScanMachine`: reads what it asks for by the broker's ordinary way, on the engine's reader threads,
/// and not faster than the budget lets it, so that clients do not feel it.
struct RecordScan {
    /// Partitions of one scan: a cursor names each.
    static let partitionsMax = 512
    /// How often a read waits for the readers before it counts as one that cannot be done.
    private static let busyRetriesMax = 100

    private let broker: Broker
    private let hosted: HostedTopic
    private(set) var machine: ScanMachine
    private(set) var budget: ScanBudget

    /// - Parameter budget: what a scan before this one, of the same request, has left.
    init(_ machine: ScanMachine, of hosted: HostedTopic, _ broker: Broker, _ budget: ScanBudget = ScanBudget()) {
        self.machine = machine
        self.hosted = hosted
        self.broker = broker
        self.budget = budget
    }

    var report: ScanReport {
        var reason: ScanMachine.EndReason?
        if case .end(let ended) = self.machine.next() { reason = ended }
        return ScanReport(progress: self.machine.progress, positions: self.machine.positions, reason: reason)
    }

    /// Reads and looks at one piece.
    ///
    /// - Returns: the records that match, or `nil` at the end.
    mutating func step() async -> [SearchRecord]? {
        guard case .read(let partition, let request) = self.machine.next() else { return nil }
        await self.budget.wait()
        do throws(LogError) {
            let fetched = try await self.read(partition, request)
            self.budget.spent(Int64(fetched.bytes))
            return self.machine.received(fetched, of: partition)
        } catch {
            // Retention may have taken what was to be read: then it begins at the log's start.
            let start = try? self.hosted.partition(partition).log.offsets.logStart
            let isBefore = start.map { $0 > request.offset } ?? false
            self.machine.failed(partition, resume: isBefore ? start : nil)
            return []
        }
    }

    private func read(_ partition: Int32, _ request: ReadRequest) async throws(LogError) -> FetchedRecords {
        guard let log = try? self.hosted.partition(partition).log else {
            throw LogError(.closed, "The partition is not served here.")
        }
        for _ in 0..<Self.busyRetriesMax {
            guard case .deferred(let read) = try log.read(request) else { break }
            let engine = self.broker.engine
            let result: Result<FetchedRecords, LogError> = await withCheckedContinuation { continuation in
                engine.perform([read]) { results in
                    continuation.resume(returning: results.first ?? .failure(LogError(.storage, "no answer")))
                }
            }
            if case .failure(let error) = result, error.code == .readersBusy {
                try? await Task.sleep(for: .milliseconds(20))
                continue
            }
            return try result.get()
        }
        guard case .records(let records) = try log.read(request) else {
            throw LogError(.readersBusy, "The readers stay busy.")
        }
        return records
    }
}

/// Holds a request to `bytesPerSecond`.
struct ScanBudget {
    /// Bytes that one request reads in a second.
    static let bytesPerSecond: Int64 = 64 << 20

    private var since = ContinuousClock.now
    private var bytes: Int64 = 0

    mutating func spent(_ bytes: Int64) { self.bytes += bytes }

    mutating func wait() async {
        let elapsed = ContinuousClock.now - self.since
        let earned = Duration.milliseconds(self.bytes * 1000 / Self.bytesPerSecond)
        if earned > elapsed { try? await Task.sleep(for: earned - elapsed) }
        if elapsed > .seconds(10) {
            self.since = .now
            self.bytes = 0
        }
    }
}

/// Bounds how many scans run at a time.
final class ScanGate: Sendable {
    static let scansMax = 16

    private let count = Mutex(0)

    func enter() -> Bool {
        self.count.withLock { count in
            guard count < Self.scansMax else { return false }
            count += 1
            return true
        }
    }

    func left() { self.count.withLock { $0 -= 1 } }

    static let full = APIProblem(
        503,
        "too-many-searches",
        "\(ScanGate.scansMax) searches are under way already.",
        hint: "Wait for one to end."
    )
}
