/// Which events are written: every administrative act; of refusals so many per client address in a window of time. The
/// others are counted, and the counts are written when the window has ended.
///
/// Sans-IO: the time comes with each call, in monotonic milliseconds.
struct AuditLimiter {
    /// What may be written of one address in a window.
    static let refusalsMax = 20
    static let windowMilliseconds: Int64 = 10_000
    /// Addresses that are told apart in a window; further ones share one place.
    static let addressesMax = 1_024
    /// Where those addresses are counted.
    static let otherAddresses = "other addresses"

    /// Refusals that were left out.
    struct Omission: Equatable {
        var address: String
        var count: Int
    }

    private struct Window {
        var written = 0
        var omitted = 0
    }

    private var windows: [String: Window] = [:]
    private var endsAt: Int64 = .min

    /// Whether something was left out that no line tells yet.
    var hasOmissions: Bool { self.windows.values.contains { $0.omitted > 0 } }

    /// When `windowEnded` has something to tell.
    var deadline: Int64 { self.endsAt }

    /// A refusal of a client at this address.
    ///
    /// - Returns: whether it is to be written.
    mutating func refused(_ address: String, at now: Int64) -> Bool {
        var address = address
        if self.windows[address] == nil, self.windows.count >= Self.addressesMax { address = Self.otherAddresses }
        if self.windows.isEmpty { self.endsAt = now + Self.windowMilliseconds }
        var window = self.windows[address] ?? Window()
        defer { self.windows[address] = window }
        guard window.written < Self.refusalsMax else {
            window.omitted += 1
            return false
        }
        window.written += 1
        return true
    }

    /// What was left out of the window, if it has ended by now; a new one begins with the next refusal.
    mutating func windowEnded(at now: Int64) -> [Omission] {
        now >= self.endsAt ? self.end() : []
    }

    /// Ends the window before its time, for a server that stops.
    mutating func end() -> [Omission] {
        let omissions = self.windows.filter { $0.value.omitted > 0 }
            .map { Omission(address: $0.key, count: $0.value.omitted) }
            .sorted { $0.address < $1.address }
        self.windows.removeAll(keepingCapacity: true)
        return omissions
    }
}
