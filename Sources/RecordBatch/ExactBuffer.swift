@_spi(CustomByteBufferAllocator) package import NIOCore

extension ByteBuffer {
    /// An empty buffer of exactly this capacity, at least 1. NIO's own are of the next power of two, which for requests
    /// and reads a little over one would double the memory that the tail of the log or an answer holds.
    package static func exact(capacity: Int) -> ByteBuffer {
        // The alignment of malloc, so that the storage may also be reallocated by NIO's allocator functions.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, capacity), alignment: 1)
        return ByteBuffer(takingOwnershipOf: memory, allocator: ByteBufferAllocator(), writerIndex: 0)
    }
}
