/// Measures what clients use of their quotas, and says how long they must wait. Sans-IO.
///
/// Bounded: a sensor is kept as long as it remembers something, which is one window after its last event; when
/// `Settings.sensorsMax` clients were active within one window, all further ones share one sensor, so that a client
/// cannot make room for itself by taking another name with each request.
package struct QuotaSensors: Sendable {
    package struct Settings: Sendable {
        /// Of bytes and of time: `quota.window.num`, `quota.window.size.seconds`.
        package var window: QuotaWindow
        /// Of mutations: `controller.quota.window.num`, `controller.quota.window.size.seconds`.
        package var mutationWindow: QuotaWindow
        package var sensorsMax: Int

        package init(
            window: QuotaWindow = QuotaWindow(),
            mutationWindow: QuotaWindow = QuotaWindow(),
            sensorsMax: Int = 10_000
        ) {
            self.window = window
            self.mutationWindow = mutationWindow
            self.sensorsMax = sensorsMax
        }
    }

    private struct Key: Hashable {
        var kind: QuotaKind
        /// `nil`: those for whom there was no room.
        var scope: QuotaClient?
    }

    private enum Sensor {
        case rate(SampledRate)
        case mutations(MutationBucket, bound: Double)
    }

    private let settings: Settings
    private var table: QuotaTable
    private var sensors: [Key: Sensor] = [:]
    /// Before then no sensor can have become idle that was not when they were last looked through.
    private var sweepAt: Int64 = .min

    package init(_ settings: Settings = Settings(), table: QuotaTable = QuotaTable()) {
        self.settings = settings
        self.table = table
    }

    /// How many clients are measured now.
    package var count: Int { self.sensors.count }

    package var quotas: QuotaTable { self.table }

    /// Quotas were changed; what was measured stays.
    package mutating func quotasChanged(_ table: QuotaTable) {
        self.table = table
        // A budget is measured against its bound, so a new bound begins with a full one.
        for case (let key, .mutations(_, let bound)) in self.sensors {
            guard let scope = key.scope, let limit = table.limit(key.kind, of: scope), limit.scope == scope,
                limit.bound == bound
            else {
                self.sensors[key] = nil
                continue
            }
        }
    }

    // MARK: Rates

    /// A client has used some of a quota of bytes or time.
    ///
    /// - Parameters:
    ///   - kind: one with a rate: not of mutations, nor of connections.
    ///   - now: milliseconds of a clock that does not go back.
    /// - Returns: milliseconds that the client must pause; 0 within its quota, or without one.
    package mutating func used(_ amount: Double, of kind: QuotaKind, by client: QuotaClient, now: Int64) -> Int64 {
        guard let limit = self.table.limit(kind, of: client) else { return 0 }
        let window = self.settings.window
        let pause = self.withRate(kind, limit, now) { rate in
            rate.record(amount, now: now, window)
            return rate.excess(over: limit.bound, now: now, window)
        }
        // Time is used by every request, and its throttle has Kafka's upper limit.
        return kind == .requestPercentage ? min(pause, window.sampleMilliseconds) : pause
    }

    /// A client would use some of a quota, and is refused when it is used up already.
    ///
    /// - Returns: milliseconds after which it may try again; 0: it may now, and the amount is recorded.
    package mutating func admit(_ amount: Double, of kind: QuotaKind, to client: QuotaClient, now: Int64) -> Int64 {
        guard let limit = self.table.limit(kind, of: client) else { return 0 }
        let window = self.settings.window
        return self.withRate(kind, limit, now) { rate in
            let pause = rate.excess(over: limit.bound, now: now, window)
            if pause == 0 { rate.record(amount, now: now, window) }
            return pause
        }
    }

    /// What was recorded last of it is not done after all.
    package mutating func unused(_ amount: Double, of kind: QuotaKind, by client: QuotaClient, now: Int64) {
        guard let limit = self.table.limit(kind, of: client) else { return }
        let window = self.settings.window
        self.withRate(kind, limit, now) { $0.record(-amount, now: now, window) }
    }

    /// The most that a client can use at once without being sure to exceed its quota.
    ///
    /// - Returns: `nil` without a quota.
    package func burst(_ kind: QuotaKind, of client: QuotaClient) -> Double? {
        guard let limit = self.table.limit(kind, of: client) else { return nil }
        let window = self.settings.window
        return limit.bound * Double(Int64(window.samples - 1) * window.sampleMilliseconds) / 1000
    }

    private mutating func withRate<Value>(
        _ kind: QuotaKind,
        _ limit: QuotaTable.Limit,
        _ now: Int64,
        _ body: (inout SampledRate) -> Value
    ) -> Value {
        let key = self.key(kind, limit.scope, now)
        guard case .rate(var rate)? = self.sensors[key] else {
            var rate = SampledRate()
            let value = body(&rate)
            self.sensors[key] = .rate(rate)
            return value
        }
        // Taken out meanwhile, so that its samples are not copied.
        self.sensors[key] = .rate(SampledRate())
        let value = body(&rate)
        self.sensors[key] = .rate(rate)
        return value
    }

    // MARK: Mutations

    package enum Strictness: Sendable, Hashable {
        /// Nothing is done while the budget is exhausted.
        case strict
        /// Everything is done: for versions of the protocol without an error for it, and for what clients cause only
        /// indirectly.
        case permissive
    }

    package enum MutationDecision: Sendable, Hashable {
        case permit
        /// It is done, and the client must pause for so many milliseconds.
        case permitAndPause(Int64)
        /// It is not done, and may be tried again after so many milliseconds.
        case refuse(Int64)
    }

    /// A client would create or delete so many partitions.
    package mutating func mutate(
        _ partitions: Int,
        by client: QuotaClient,
        _ strictness: Strictness,
        now: Int64
    ) -> MutationDecision {
        guard let limit = self.table.limit(.controllerMutationRate, of: client) else { return .permit }
        let window = self.settings.mutationWindow
        let key = self.key(.controllerMutationRate, limit.scope, now)
        var bucket = MutationBucket(bound: limit.bound, now: now, window)
        if case .mutations(let present, _)? = self.sensors[key] { bucket = present }
        defer { self.sensors[key] = .mutations(bucket, bound: limit.bound) }
        switch strictness {
        case .strict:
            let pause = bucket.exhaustion(bound: limit.bound, now: now, window)
            guard pause == 0 else { return .refuse(pause) }
            bucket.take(Double(partitions), bound: limit.bound, now: now, window)
            return .permit
        case .permissive:
            bucket.take(Double(partitions), bound: limit.bound, now: now, window)
            let pause = bucket.exhaustion(bound: limit.bound, now: now, window)
            return pause == 0 ? .permit : .permitAndPause(pause)
        }
    }

    // MARK: Bounds

    /// The sensor of a scope: the one that all share when there is no room for another.
    private mutating func key(_ kind: QuotaKind, _ scope: QuotaClient, _ now: Int64) -> Key {
        let key = Key(kind: kind, scope: scope)
        if self.sensors[key] != nil { return key }
        if now >= self.sweepAt { self.sweep(now) }
        return self.sensors.count < self.settings.sensorsMax ? key : Key(kind: kind, scope: nil)
    }

    /// Forgets sensors that remember nothing. Called for a new client, at most once in a window.
    private mutating func sweep(_ now: Int64) {
        let window = self.settings.window
        let mutationWindow = self.settings.mutationWindow
        self.sensors = self.sensors.filter { entry in
            switch entry.value {
            case .rate(let rate): return !rate.isIdle(now: now, window)
            case .mutations(var bucket, let bound): return !bucket.isFull(bound: bound, now: now, mutationWindow)
            }
        }
        self.sweepAt = now + min(window.milliseconds, mutationWindow.milliseconds)
    }
}
