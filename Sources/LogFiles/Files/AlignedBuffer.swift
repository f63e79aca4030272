internal import Glibc

/// Memory on a 4096-byte boundary, as `O_DIRECT` wants it. Uninitialized at first.
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
}
