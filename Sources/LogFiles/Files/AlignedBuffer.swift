internal import Glibc
internal import Synchronization

/// Memory on a 4096-byte boundary, as `O_DIRECT` wants it. Uninitialized at first.
///
/// One owner at a time: whoever took it from its pool.
package final class AlignedBuffer {
    package static let alignment = 4096
    private static let hugePageBytes = 2 << 20

    package let bytes: UnsafeMutableRawBufferPointer
    /// Mapped for itself, not malloc's.
    private let isMapped: Bool

    /// - Parameter byteCount: rounded up to a multiple of `alignment`, at least one.
    package init(byteCount: Int) {
        let rounded = max(Self.alignment, (byteCount + Self.alignment - 1) & ~(Self.alignment - 1))
        if let mapped = Self.map(rounded) {
            self.bytes = mapped
            self.isMapped = true
        } else {
            self.bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: rounded, alignment: Self.alignment)
            self.isMapped = false
        }
    }

    deinit {
        if self.isMapped {
            munmap(self.bytes.baseAddress, self.bytes.count)
        } else {
            self.bytes.deallocate()
        }
    }

    /// Huge pages for a large buffer, so that a device is given a few long runs of memory instead of each page by
    /// itself. Not from malloc: blocks of such an alignment leave its arenas in pieces (400 MB were seen, not 40).
    private static func map(_ count: Int) -> UnsafeMutableRawBufferPointer? {
        // With larger pages the ends that are too much could not be given back.
        guard count >= self.hugePageBytes, sysconf(Int32(_SC_PAGESIZE)) <= self.alignment else { return nil }
        let mapping = mmap(
            nil,
            count + self.hugePageBytes,
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS,
            -1,
            0
        )
        guard let mapping, mapping != MAP_FAILED else { return nil }
        let start = mapping.alignedUp(toMultipleOf: self.hugePageBytes)
        let (before, after) = (start - mapping, mapping + self.hugePageBytes - start)
        if before > 0 { munmap(mapping, before) }
        if after > 0 { munmap(start + count, after) }
        _ = madvise(start, count, MADV_HUGEPAGE)
        return UnsafeMutableRawBufferPointer(start: start, count: count)
    }

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
