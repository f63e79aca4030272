internal import NIOCore

/// Waiters to tell, gathered over one round of I/O so that each event loop is entered once.
package struct Wakeups {
    private struct Loop {
        let eventLoop: any EventLoop
        var appends: [(waiter: any DurabilityWaiter, error: LogError?)] = []
        var reads: [ReadWaiter] = []
    }

    private var loops: [Loop] = []

    package init() {}

    package var isEmpty: Bool { self.loops.isEmpty }

    /// Tells an append's waiter what became of it.
    package mutating func add(_ waiter: any DurabilityWaiter, _ error: LogError?) {
        let index = self.index(of: waiter.eventLoop)
        self.loops[index].appends.append((waiter, error))
    }

    /// Adds the waiter unless somebody else has claimed it.
    package mutating func add(_ waiter: ReadWaiter) {
        guard waiter.claim() else { return }
        let index = self.index(of: waiter.eventLoop)
        self.loops[index].reads.append(waiter)
    }

    /// Crosses to the event loops. Call it without a lock held.
    package mutating func send() {
        for loop in self.loops {
            let appends = loop.appends
            let reads = loop.reads
            loop.eventLoop.execute {
                for (waiter, error) in appends { waiter.appendCompleted(error) }
                for waiter in reads { waiter.run() }
            }
        }
        self.loops.removeAll(keepingCapacity: true)
    }

    private mutating func index(of eventLoop: any EventLoop) -> Int {
        // As many loops as cores: a search beats hashing.
        if let index = self.loops.firstIndex(where: { $0.eventLoop === eventLoop }) { return index }
        self.loops.append(Loop(eventLoop: eventLoop))
        return self.loops.count - 1
    }
}
