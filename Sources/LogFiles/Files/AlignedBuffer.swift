internal import Glibc
internal import Synchronization

/// Memory on a 4096-byte boundary, as `O_DIRECT` wants it. Uninitialized at first.
///
/// One owner at a time: whoever took it from its pool.
package final class AlignedBuffer {
    package static let alignment = 4096
    private static let hugePageBytes = 2 << 20

    package let bytes: UnsafeMutableRawBufferPointer

    /// - Parameter byteCount: rounded up to a multiple of `alignment`, at least one.
    package init(byteCount: Int) {
        let rounded = max(Self.alignment, (byteCount + Self.alignment - 1) & ~(Self.alignment - 1))
        let isLarge = rounded >= Self.hugePageBytes
        self.bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: rounded,
            alignment: isLarge ? Self.hugePageBytes : Self.alignment
        )
        // The device is then given a few long runs of memory instead of each page by itself.
        if isLarge { _ = madvise(self.bytes.baseAddress, rounded, MADV_HUGEPAGE) }
    }

    deinit { self.bytes.deallocate() }

    /// Gives the memory's pages back to the system; the contents become zero.
    ///
    /// An idle server's resident memory must not stay at the size of its busiest moment.
    package func releasePages() {
        _ = madvise(self.bytes.baseAddress, self.bytes.count, MADV_DONTNEED)
    }
}

/// A bounded number of aligned buffers of one size, allocated when first needed.
package final class AlignedBufferPool: Sendable {
    // SAFETY: a buffer is reachable either from the pool, under its mutex, or from the one caller that took it.
    private struct Free: @unchecked Sendable {
        var buffers: [AlignedBuffer] = []
        var taken = 0
    }

    package let bufferBytes: Int
    package let countMax: Int
    private let free = Mutex(Free())

    package init(bufferBytes: Int, countMax: Int) {
        self.bufferBytes = bufferBytes
        self.countMax = countMax
    }

    /// A buffer, or `nil` when `countMax` are out.
    package func take() -> AlignedBuffer? {
        let (found, mayAllocate) = self.free.withLock { free -> (Free, Bool) in
            guard free.taken < self.countMax else { return (Free(), false) }
            free.taken += 1
            guard let buffer = free.buffers.popLast() else { return (Free(), true) }
            return (Free(buffers: [buffer]), false)
        }
        return found.buffers.first ?? (mayAllocate ? AlignedBuffer(byteCount: self.bufferBytes) : nil)
    }

    /// Takes a buffer back. The caller must not touch it afterwards.
    package func give(_ buffer: AlignedBuffer) {
        let returned = Free(buffers: [buffer])
        self.free.withLock { free in
            precondition(free.taken > 0, "a buffer was given back twice")
            free.taken -= 1
            free.buffers.append(contentsOf: returned.buffers)
        }
    }

    /// Frees the buffers that are not out.
    package func trim() {
        let dropped = self.free.withLock { free -> Free in
            let dropped = Free(buffers: free.buffers)
            free.buffers = []
            return dropped
        }
        _ = dropped
    }
}
