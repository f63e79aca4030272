/// How much a load does before it ends, and what of it is measured.
package struct LoadVolume: Sendable, Equatable {
    package enum Limit: Sendable, Equatable {
        case records(Int)
        case seconds(Double)
    }

    package var limit: Limit
    /// The first records of the percentiles' population, which are left out of it.
    package var warmupRecords: Int
    /// The same by time from the first record on.
    package var warmupSeconds: Double

    package init(limit: Limit, warmupRecords: Int = 0, warmupSeconds: Double = 0) {
        self.limit = limit
        self.warmupRecords = warmupRecords
        self.warmupSeconds = warmupSeconds
    }

    /// Reads the options of a command.
    ///
    /// - Parameter fallback: for a command line that says neither.
    /// - Throws: `LoadFailure` for what makes no sense.
    package init(
        records: Int?,
        seconds: Double?,
        warmupRecords: Int,
        warmupSeconds: Double,
        fallback: Limit
    ) throws(LoadFailure) {
        switch (records, seconds) {
        case (.some, .some): throw LoadFailure("--records and --seconds exclude each other; give one of them")
        case (let records?, nil):
            guard records > 0, records <= 1 << 48 else {
                throw LoadFailure("--records must be at least 1, not \(records)")
            }
            self.limit = .records(records)
        case (nil, let seconds?):
            guard seconds > 0, seconds <= 1e6 else {
                throw LoadFailure("--seconds must be above 0 and at most 1000000, not \(seconds)")
            }
            self.limit = .seconds(seconds)
        case (nil, nil): self.limit = fallback
        }
        guard warmupRecords >= 0 else {
            throw LoadFailure("--warmup-records must be at least 0, not \(warmupRecords)")
        }
        guard warmupSeconds >= 0, warmupSeconds <= 1e6 else {
            throw LoadFailure("--warmup-seconds must be at least 0, not \(warmupSeconds)")
        }
        if case .records(let all) = self.limit, warmupRecords >= all {
            throw LoadFailure("--warmup-records \(warmupRecords) leaves nothing to measure of \(all) records")
        }
        if case .seconds(let all) = self.limit, warmupSeconds >= all {
            throw LoadFailure("--warmup-seconds \(warmupSeconds) leaves nothing to measure of \(all) seconds")
        }
        self.warmupRecords = warmupRecords
        self.warmupSeconds = warmupSeconds
    }

    /// How many records a load at a rate comprises.
    package func recordCount(atRate rate: Double) -> Int {
        switch self.limit {
        case .records(let records): records
        case .seconds(let seconds): max(1, Int((rate * seconds).rounded()))
        }
    }

    /// How many records there are at most; `nil` when time is the limit.
    package var recordCountMax: Int? {
        if case .records(let records) = self.limit { records } else { nil }
    }

    /// Nanoseconds until the load ends; `nil` when records are the limit.
    package var nanoseconds: UInt64? {
        if case .seconds(let seconds) = self.limit { UInt64(seconds * 1e9) } else { nil }
    }
}
