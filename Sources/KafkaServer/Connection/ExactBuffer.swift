@_spi(CustomByteBufferAllocator) internal import NIOCore

extension ByteBuffer {
    /// A buffer of exactly this capacity, at least 1. NIO's own are of the next power of two, which for frames a little
    /// over one (batches of 128 KiB and their request) would double the memory that the tail of the log holds.
    static func exact(capacity: Int) -> ByteBuffer {
        // The alignment of malloc, so that the storage may also be reallocated by NIO's allocator functions.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, capacity), alignment: 1)
        return ByteBuffer(takingOwnershipOf: memory, allocator: ByteBufferAllocator(), writerIndex: 0)
    }
}
