internal import Synchronization

/// The dice of a simulation: the same numbers for the same seed, in the order of the calls.
package final class SeededRandom: Sendable {
    private let state: Mutex<UInt64>

    package init(seed: UInt64) { self.state = Mutex(seed) }

    /// 64 random bits (SplitMix64).
    package func next() -> UInt64 {
        self.state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    /// A number from 0 to below `count`, which is positive.
    package func below(_ count: Int) -> Int { Int(self.next() % UInt64(count)) }

    package func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + self.below(range.count) }

    /// True once in `count` times.
    package func oneIn(_ count: Int) -> Bool { self.below(count) == 0 }
}

/// A running hash of everything that happened (FNV-1a), so that two runs of a seed can be compared.
package struct EventHash: Sendable {
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    package mutating func add(_ number: UInt64) {
        var rest = number
        for _ in 0..<8 {
            self.value = (self.value ^ (rest & 0xFF)) &* 0x0000_0100_0000_01B3
            rest >>= 8
        }
    }

    package mutating func add(_ text: String) {
        for byte in text.utf8 { self.value = (self.value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    }
}
