package import LogCore
package import Model
package import NIOCore
package import RecordBatch
internal import Synchronization

/// The puts of a partition, and the shard that takes them. `ShardGate` decides; its lock is held while a put is
/// appended, so that the end of a closing shard is exact.
extension HostedPartition {
    /// Gate and who waits at it.
    struct Puts {
        var gate: ShardGate
        /// The shard that is closing is the partition's last one: it is merged into another partition.
        var isSealing = false
        /// What the log was last told, so that a publication which changes nothing does not take its lock.
        var isLogSealed: Bool
        var waiters: [(eventLoop: any EventLoop, action: @Sendable () -> Void)] = []
    }

    /// Appends batches that this process built itself for a shard (Kinesis puts).
    ///
    /// - Parameter shard: the ordinal of the shard that the records were routed to.
    /// - Throws: `.shardClosed` when it does not take puts (any more): wait with `whenShardSettles` and route again.
    package func appendBuilt(
        _ batches: ValidatedBatches,
        shard: Int32,
        now: Timestamp,
        waiter: (any DurabilityWaiter)?
    ) throws(BrokerError) -> AppendResult {
        try self.puts.withLock { puts throws(BrokerError) in
            // Before the rules: a put that was routed by an older map finds another shard, sealed partition or not.
            guard puts.gate.admits(shard) else {
                throw BrokerError(.shardClosed, "Shard \(shard) of \(self.topicName) takes no more records.")
            }
            let rules = try self.writableRules()
            return try self.append(
                batches,
                origin: .put,
                rules: rules,
                acknowledge: .durable,
                now: now,
                waiter: waiter
            )
        }
    }

    /// Calls `action` once, on `eventLoop`, when the partition's shards are those of the topic as it is served;
    /// soon, if they are.
    package func whenShardSettles(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        let isSettled = self.puts.withLock { puts -> Bool in
            if puts.gate.isSettled { return true }
            puts.waiters.append((eventLoop, action))
            return false
        }
        if isSettled { eventLoop.execute(action) }
    }

    /// The first offset that a reader of a shard must not see, when the partition knows more of it than the metadata
    /// that the reader goes by. Ask after the read: what lies behind the end came after the shard was closed.
    package func end(ofShard ordinal: Int32) -> Offset? {
        self.puts.withLock { $0.gate.end(of: ordinal) }
    }

    /// Closes a shard at the end of the log, until `cancelShardClosing` or until the metadata says what comes after it.
    ///
    /// - Parameter seals: no shard comes after it here. Kafka producers are refused from now on as well: what they
    ///   append behind the end would belong to no shard.
    /// - Returns: the first offset that no longer belongs to it; `nil` when it does not take puts.
    func closeShard(_ ordinal: Int32, seals: Bool) -> Offset? {
        self.puts.withLock { puts in
            guard puts.gate.admits(ordinal) else { return nil }
            let end = seals ? self.log.setSealed(true) : self.log.offsets.logEnd
            puts.isSealing = seals
            if seals { puts.isLogSealed = true }
            guard puts.gate.closeRequested(ordinal, end: end) else { return nil }
            return puts.gate.end(of: ordinal)
        }
    }

    /// Whether the shard was closed for a change that is not decided.
    func isClosing(_ ordinal: Int32) -> Bool {
        self.puts.withLock { puts in
            if case .closing(ordinal, _, _) = puts.gate.state { true } else { false }
        }
    }

    /// The change for which the shard was closed did not take place.
    func cancelShardClosing(_ ordinal: Int32) {
        self.puts.withLock { puts in
            puts.gate.closeCancelled(ordinal)
            self.settleSeal(&puts)
        }
        self.resumePuts { $0.gate.isSettled }
    }

    /// Takes over what the metadata says. Puts that wait are resumed by `published`.
    func update(_ state: ShardGate.State) {
        self.puts.withLock { puts in
            puts.gate.decided(state)
            self.settleSeal(&puts)
        }
    }

    /// Has the log refuse producers exactly while the partition has no shard, or is about to lose its last one.
    private func settleSeal(_ puts: inout Puts) {
        let isSealed: Bool
        switch puts.gate.state {
        case .open:
            puts.isSealing = false
            isSealed = false
        case .closing:
            isSealed = puts.isSealing
        case .sealed:
            puts.isSealing = false
            isSealed = true
        }
        guard puts.isLogSealed != isSealed else { return }
        puts.isLogSealed = isSealed
        self.log.setSealed(isSealed)
    }

    /// The topic is served with what `update` took over: puts that wait are routed again.
    func published() {
        self.resumePuts { puts in
            puts.gate.published()
            return puts.gate.isSettled
        }
    }

    /// The partition is not served here any more: puts that wait are routed again, or fail.
    func unpublished() {
        self.resumePuts { _ in true }
    }

    private func resumePuts(if mayResume: (inout Puts) -> Bool) {
        let waiters = self.puts.withLock { puts -> [(eventLoop: any EventLoop, action: @Sendable () -> Void)] in
            guard mayResume(&puts) else { return [] }
            defer { puts.waiters = [] }
            return puts.waiters
        }
        for waiter in waiters { waiter.eventLoop.execute(waiter.action) }
    }
}
