package import Model

/// How often connections may be made: to the broker, to each of its listeners, and by each address (KIP-612). Sans-IO.
///
/// A connection beyond the rate of the broker or of its listener is taken later, and so are those behind it. One beyond
/// the rate of its address is not served at all: it is closed after as long as the address would have had to wait, so
/// that a client which connects again at once does not make it worse.
///
/// Bounded as `QuotaSensors` is: addresses are remembered for one window, and beyond `addressesMax` they share one
/// sensor.
package struct ConnectionRates: Sendable {
    package struct Settings: Sendable, Equatable {
        /// `max.connection.creation.rate`; `nil`: no limit.
        package var ofBroker: Double?
        /// `listener.name.<listener>.max.connection.creation.rate`, by the listener's name.
        package var ofListeners: [String: Double]
        /// The listener of other brokers, when there are others: the broker's limit is not for it.
        package var protectedListener: String?
        package var window: QuotaWindow
        package var addressesMax: Int

        package init(
            ofBroker: Double? = nil,
            ofListeners: [String: Double] = [:],
            protectedListener: String? = nil,
            window: QuotaWindow = QuotaWindow(),
            addressesMax: Int = 10_000
        ) {
            self.ofBroker = ofBroker
            self.ofListeners = ofListeners
            self.protectedListener = protectedListener
            self.window = window
            self.addressesMax = addressesMax
        }
    }

    private var settings: Settings
    private var table: QuotaTable
    private var ofBroker = SampledRate()
    private var ofListeners: [String: SampledRate] = [:]
    private var ofAddresses: [NetworkAddress?: SampledRate] = [:]
    private var sweepAt: Int64 = .min

    package init(_ settings: Settings = Settings(), table: QuotaTable = QuotaTable()) {
        self.settings = settings
        self.table = table
    }

    package var addressCount: Int { self.ofAddresses.count }

    /// Whether any rate is limited.
    package var isLimited: Bool {
        self.settings.ofBroker != nil || !self.settings.ofListeners.isEmpty
            || self.table.isLimited(.connectionCreationRate)
    }

    /// Limits were changed; what was measured stays.
    package mutating func settingsChanged(_ settings: Settings) {
        self.settings = settings
        self.ofListeners = self.ofListeners.filter { settings.ofListeners[$0.key] != nil }
    }

    package mutating func quotasChanged(_ table: QuotaTable) { self.table = table }

    /// A connection was made.
    ///
    /// - Parameter now: milliseconds of a clock that does not go back.
    /// - Returns: milliseconds after which to look at it and at those behind it: at most one sample.
    package mutating func connectionArrived(on listener: String, now: Int64) -> Int64 {
        let window = self.settings.window
        var pause: Int64 = 0
        if let bound = self.settings.ofBroker, listener != self.settings.protectedListener {
            self.ofBroker.record(1, now: now, window)
            pause = self.ofBroker.excess(over: bound, now: now, window)
        }
        if let bound = self.settings.ofListeners[listener] {
            self.ofListeners[listener, default: SampledRate()].record(1, now: now, window)
            pause = max(pause, self.ofListeners[listener]?.excess(over: bound, now: now, window) ?? 0)
        }
        return min(pause, window.sampleMilliseconds)
    }

    package enum Admission: Sendable, Hashable {
        case serve
        /// Close it after so many milliseconds; nothing of it counts.
        case closeLater(Int64)
    }

    /// A connection that arrived, and was delayed or not, is looked at.
    package mutating func addressKnown(_ address: NetworkAddress?, on listener: String, now: Int64) -> Admission {
        guard let address, let bound = self.table.connectionRate(of: address) else { return .serve }
        let window = self.settings.window
        let key = self.key(address, now)
        self.ofAddresses[key, default: SampledRate()].record(1, now: now, window)
        let pause = self.ofAddresses[key]?.excess(over: bound, now: now, window) ?? 0
        guard pause > 0 else { return .serve }
        self.ofAddresses[key]?.record(-1, now: now, window)
        if self.settings.ofBroker != nil, listener != self.settings.protectedListener {
            self.ofBroker.record(-1, now: now, window)
        }
        if self.settings.ofListeners[listener] != nil { self.ofListeners[listener]?.record(-1, now: now, window) }
        return .closeLater(min(pause, window.sampleMilliseconds))
    }

    private mutating func key(_ address: NetworkAddress, _ now: Int64) -> NetworkAddress? {
        if self.ofAddresses[address] != nil { return address }
        if now >= self.sweepAt {
            let window = self.settings.window
            self.ofAddresses = self.ofAddresses.filter { !$0.value.isIdle(now: now, window) }
            self.sweepAt = now + window.milliseconds
        }
        return self.ofAddresses.count < self.settings.addressesMax ? address : nil
    }
}
