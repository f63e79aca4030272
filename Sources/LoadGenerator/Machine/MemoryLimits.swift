internal import RecordBatch

/// What the processor and its memory allow.
enum MemoryLimits {
    /// Far beyond the caches, so that memory and not the cache is measured.
    private static let blockBytes = 64 << 20

    static func measure(bytes: Int) -> [MachineLimit] {
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: self.blockBytes, alignment: 4096)
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: self.blockBytes, alignment: 4096)
        defer {
            source.deallocate()
            target.deallocate()
        }
        // Touched first: page faults are not what is measured.
        source.initializeMemory(as: UInt8.self, repeating: 1)
        target.initializeMemory(as: UInt8.self, repeating: 2)
        let rounds = max(1, (bytes + self.blockBytes - 1) / self.blockBytes)
        let copying = ThreadStopwatch()
        for round in 0..<rounds {
            target.copyMemory(from: UnsafeRawBufferPointer(source))
            // Each copy differs and is looked at, so that the compiler may leave none out.
            source[0] = target[round & 0xFFFF] &+ UInt8(truncatingIfNeeded: round)
        }
        let copy = copying.limit("memcpy", bytes: rounds * self.blockBytes)
        let summing = ThreadStopwatch()
        var sum: UInt32 = 0
        for _ in 0..<rounds { sum = CRC32C.checksum(UnsafeRawBufferPointer(target), initial: sum) }
        var crc = summing.limit("crc32c", bytes: rounds * self.blockBytes)
        // Used, so that the compiler may not leave the loop out.
        if sum == 0, rounds == 0 { crc.skipped = "nothing was read" }
        return [copy, crc]
    }
}
