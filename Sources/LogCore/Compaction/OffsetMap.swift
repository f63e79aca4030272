package import Model

/// For each key of what is compacted the newest offset, in a bounded piece of memory: 24 bytes for each, as Kafka's
/// (`log.cleaner.dedupe.buffer.size`).
///
/// A key is known by a 128-bit hash alone, whose seed nobody outside knows, so that nobody can make two keys collide.
/// Linear probing; a slot with offset 0 is free (offsets are stored plus one).
package struct OffsetMap: ~Copyable {
    private struct Slot {
        var high: UInt64 = 0
        var low: UInt64 = 0
        /// Plus one.
        var offset: Offset = 0
    }

    package static let bytesPerEntry = 24

    private let slots: UnsafeMutableBufferPointer<Slot>
    /// How many keys it takes.
    package let countMax: Int
    package private(set) var count = 0
    /// The last offset whose key is known here, and all before it from where the map begins.
    package var latestOffset: Offset = -1
    private let hasher: KeyHasher

    /// - Parameters:
    ///   - wanted: keys that may come.
    ///   - bytesMax: memory that it may take.
    ///   - loadFactor: the most of its slots that are used; above 0, at most 1.
    package init(wanted: Int64, bytesMax: Int, loadFactor: Double, seed: (UInt64, UInt64)) {
        let slotsMax = max(2, bytesMax / Self.bytesPerEntry)
        // A third of the slots stay free where there is room: probing is short then.
        let roomy = wanted < Int64(slotsMax) / 2 ? Int(max(8, wanted)) * 3 / 2 + 1 : slotsMax
        let slotCount = min(slotsMax, roomy)
        self.slots = .allocate(capacity: slotCount)
        self.slots.initialize(repeating: Slot())
        self.countMax = max(1, min(slotCount - 1, Int(Double(slotCount) * min(max(loadFactor, 0.01), 1))))
        self.hasher = KeyHasher(seed: seed)
    }

    deinit { self.slots.deallocate() }

    package var bytes: Int { self.slots.count * Self.bytesPerEntry }

    /// How much of what it takes is used: 0 to 1.
    package var utilization: Double { Double(self.count) / Double(self.countMax) }

    /// Notes a key's offset, which is newer than those before it.
    ///
    /// - Returns: `false` when the key is new and there is no room for it.
    package mutating func put(_ key: UnsafeRawBufferPointer, _ offset: Offset) -> Bool {
        let (high, low) = self.hasher.hash(key)
        let index = self.find(high, low)
        if self.slots[index].offset == 0 {
            guard self.count < self.countMax else { return false }
            self.count += 1
            self.slots[index].high = high
            self.slots[index].low = low
        }
        self.slots[index].offset = offset + 1
        return true
    }

    /// The newest offset of a key; `nil` when the key is not known.
    package func offset(of key: UnsafeRawBufferPointer) -> Offset? {
        let (high, low) = self.hasher.hash(key)
        let stored = self.slots[self.find(high, low)].offset
        return stored == 0 ? nil : stored - 1
    }

    /// The slot that has the hash, or the free one where it belongs; there always is one.
    private func find(_ high: UInt64, _ low: UInt64) -> Int {
        var index = Int(high.multipliedFullWidth(by: UInt64(self.slots.count)).high)
        while self.slots[index].offset != 0, self.slots[index].low != low || self.slots[index].high != high {
            index += 1
            if index == self.slots.count { index = 0 }
        }
        return index
    }
}

/// SipHash-1-3 with 128 bits of output: a keyed hash whose collisions cannot be found without the seed.
package struct KeyHasher: Sendable {
    private let first: UInt64
    private let second: UInt64

    package init(seed: (UInt64, UInt64)) {
        self.first = seed.0
        self.second = seed.1
    }

    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        @inline(__always)
        mutating func round() {
            self.v0 = self.v0 &+ self.v1
            self.v1 = Self.rotated(self.v1, 13) ^ self.v0
            self.v0 = Self.rotated(self.v0, 32)
            self.v2 = self.v2 &+ self.v3
            self.v3 = Self.rotated(self.v3, 16) ^ self.v2
            self.v0 = self.v0 &+ self.v3
            self.v3 = Self.rotated(self.v3, 21) ^ self.v0
            self.v2 = self.v2 &+ self.v1
            self.v1 = Self.rotated(self.v1, 17) ^ self.v2
            self.v2 = Self.rotated(self.v2, 32)
        }

        @inline(__always)
        private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
            value &<< count | value &>> (64 &- count)
        }
    }

    package func hash(_ bytes: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64) {
        var state = State(
            v0: self.first ^ 0x736F_6D65_7073_6575,
            v1: self.second ^ 0x646F_7261_6E64_6F6D ^ 0xEE,
            v2: self.first ^ 0x6C79_6765_6E65_7261,
            v3: self.second ^ 0x7465_6462_7974_6573
        )
        var position = 0
        while bytes.count - position >= 8 {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            state.v3 ^= word
            state.round()
            state.v0 ^= word
            position += 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) &<< 56
        var shift: UInt64 = 0
        while position < bytes.count {
            last |= UInt64(bytes[position]) &<< shift
            shift &+= 8
            position += 1
        }
        state.v3 ^= last
        state.round()
        state.v0 ^= last
        state.v2 ^= 0xEE
        for _ in 0..<3 { state.round() }
        let high = state.v0 ^ state.v1 ^ state.v2 ^ state.v3
        state.v1 ^= 0xDD
        for _ in 0..<3 { state.round() }
        return (high, state.v0 ^ state.v1 ^ state.v2 ^ state.v3)
    }
}
