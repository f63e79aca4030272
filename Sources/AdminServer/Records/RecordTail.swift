internal import Broker
internal import LogCore
internal import Model
internal import NIOCore
internal import RecordSearch
internal import Text

/// Records as events, as they are appended: event `record` with the cursor as its ID, event `progress` about each
/// second while there is something to read.
struct RecordTail {
    private static let progressInterval = Duration.seconds(1)
    /// Where a partition has too many that wait for it, it is looked at so often.
    private static let lookInterval = TimeAmount.seconds(1)

    private let query: RecordQuery
    private var positions: [ScanMachine.Position]
    private let broker: Broker
    private let eventLoop: any EventLoop
    private var scanned: Int64 = 0
    private var matched = 0

    init(
        _ query: RecordQuery,
        _ positions: [ScanMachine.Position],
        _ broker: Broker,
        _ eventLoop: any EventLoop
    ) {
        self.query = query
        self.positions = positions
        self.broker = broker
        self.eventLoop = eventLoop
    }

    consuming func run(_ writer: AdminBodyWriter) async {
        var tail = self
        var text = EventText()
        text.retry(milliseconds: EventRoutes.retryMilliseconds)
        // Something at once, so that the client sees that it is connected.
        text.heartbeat()
        guard await writer.write(text.take()) else { return }
        while !writer.isEnded, tail.matched < tail.query.limits.results {
            guard await tail.catchUp(writer) else { return }
            guard tail.isServed else { return }
            await tail.wait(writer)
        }
    }

    /// Sends what can be read now.
    ///
    /// - Returns: whether to continue.
    private mutating func catchUp(_ writer: AdminBodyWriter) async -> Bool {
        for index in self.positions.indices {
            guard let log = self.log(self.positions[index].partition) else { continue }
            self.positions[index].end = max(self.positions[index].next, log.offsets.lastStable)
        }
        var limits = self.query.limits
        limits.results -= self.matched
        let machine = ScanMachine(self.positions, filter: self.query.filter, limits: limits)
        guard machine.progress.left > 0 else { return true }
        var scan = RecordScan(machine, of: self.query.hosted, self.broker)
        let clock = ContinuousClock()
        var told = clock.now
        while let found = await scan.step() {
            self.positions = scan.machine.positions
            var text = EventText()
            let cursor = found.isEmpty ? "" : ScanCursor.text(self.positions)
            for (index, record) in found.enumerated() {
                var json = JSONLine()
                SearchRecord.shape.write(record, to: &json)
                // Only behind the last one of a piece nothing is lost and nothing comes twice.
                text.event("record", id: index == found.count - 1 ? cursor : nil, data: json.bytes)
            }
            if clock.now - told >= Self.progressInterval {
                told = clock.now
                self.write(scan.machine.progress, to: &text)
            }
            guard text.isEmpty ? !writer.isEnded : await writer.write(text.take()) else { return false }
        }
        self.positions = scan.machine.positions
        self.scanned += scan.machine.progress.scanned
        self.matched += scan.machine.progress.matched
        return true
    }

    private func write(_ progress: ScanMachine.Progress, to text: inout EventText) {
        var json = JSONLine()
        json.object { json in
            json.key("scanned")
            json.number(self.scanned + progress.scanned)
            json.key("matched")
            json.number(self.matched + progress.matched)
            json.key("left")
            json.number(progress.left)
        }
        text.event("progress", id: ScanCursor.text(self.positions), data: json.bytes)
    }

    /// Until one of the partitions has more, or for a heartbeat.
    private func wait(_ writer: AdminBodyWriter) async {
        let waiter = ReadWaiter(eventLoop: self.eventLoop) { writer.wake() }
        var isWatched = true
        var watched: [any PartitionLog] = []
        for position in self.positions {
            guard let log = self.log(position.partition) else { continue }
            if log.addReadWaiter(waiter, after: position.next, isolation: .readCommitted) {
                watched.append(log)
            } else {
                isWatched = false
            }
        }
        let isWoken = await writer.pause(for: isWatched ? AdminBodyWriter.heartbeat : Self.lookInterval)
        for log in watched { log.removeReadWaiter(waiter) }
        guard !isWoken, !writer.isEnded else { return }
        var text = EventText()
        text.heartbeat()
        _ = await writer.write(text.take())
    }

    /// The topic of the moment: a deleted one ends its tails.
    private var isServed: Bool { self.broker.topics.topic(id: self.query.hosted.id) != nil }

    private func log(_ partition: Int32) -> (any PartitionLog)? {
        try? self.query.hosted.partition(partition).log
    }
}
