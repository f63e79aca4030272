@_spi(CustomByteBufferAllocator) package import NIOCore

extension ByteBuffer {
    /// An empty buffer of exactly this capacity, at least 1. NIO's own are of the next power of two, which for requests
    /// and reads a little over one would double the memory that the tail of the log or an answer holds.
    package static func exact(capacity: Int) -> ByteBuffer {
        // The alignment of malloc, so that the storage may also be reallocated by NIO's allocator functions.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, capacity), alignment: 1)
        return ByteBuffer(takingOwnershipOf: memory, allocator: ByteBufferAllocator(), writerIndex: 0)
    }

    /// As `exact`, with memory on a boundary of `alignment` bytes, a power of two, as direct I/O wants it.
    package static func exact(capacity: Int, alignment: Int) -> ByteBuffer {
        // Freed like memory of malloc; were NIO to reallocate it, which nobody asks for, the alignment would be lost.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, capacity), alignment: alignment)
        return ByteBuffer(takingOwnershipOf: memory, allocator: ByteBufferAllocator(), writerIndex: 0)
    }
}
