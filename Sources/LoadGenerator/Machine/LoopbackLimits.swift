internal import Glibc
internal import Synchronization

/// What TCP over the loopback interface allows: one thread sends, another receives, in blocks of 256 KiB.
enum LoopbackLimits {
    private static let blockBytes = 256 << 10

    static func measure(bytes: Int) -> [MachineLimit] {
        guard let (sender, receiver) = self.connection() else {
            let reason = "no loopback connection could be made: \(SystemError.text)"
            return [.skipped("tcp_send", reason), .skipped("tcp_receive", reason)]
        }
        let receiving = ReceivingThread(descriptor: receiver, blockBytes: self.blockBytes)
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: self.blockBytes, alignment: 4096)
        defer { block.deallocate() }
        block.initializeMemory(as: UInt8.self, repeating: 1)
        let watch = ThreadStopwatch()
        var sent = 0
        while sent < bytes {
            let count = Glibc.send(sender, block.baseAddress, block.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { break }
            sent += count
        }
        close(sender)
        let sending = watch.limit("tcp_send", bytes: max(sent, 1))
        let received = receiving.join()
        close(receiver)
        return [sending, received]
    }

    /// Both ends of a connection on a port that the system chose.
    static func connection() -> (sender: Int32, receiver: Int32)? {
        let stream = Int32(SOCK_STREAM.rawValue)
        let listener = socket(AF_INET, stream, 0)
        guard listener >= 0 else { return nil }
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 1) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard isListening else { return nil }
        let sender = socket(AF_INET, stream, 0)
        guard sender >= 0 else { return nil }
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(sender, $0, length) == 0 }
        }
        let receiver = isConnected ? accept(listener, nil, nil) : -1
        guard receiver >= 0 else {
            close(sender)
            return nil
        }
        return (sender, receiver)
    }
}

/// A thread that reads to the end of a connection and tells what that took.
private final class ReceivingThread: Sendable {
    private let result = Mutex<MachineLimit>(.skipped("tcp_receive", "nothing was received"))
    private let thread = Mutex<PlainThread?>(nil)

    init(descriptor: Int32, blockBytes: Int) {
        let thread = PlainThread { self.receive(descriptor, blockBytes) }
        self.thread.withLock { $0 = thread }
    }

    private func receive(_ descriptor: Int32, _ blockBytes: Int) {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockBytes, alignment: 4096)
        defer { block.deallocate() }
        let watch = ThreadStopwatch()
        var received = 0
        while true {
            let count = recv(descriptor, block.baseAddress, block.count, 0)
            guard count > 0 else { break }
            received += count
        }
        guard received > 0 else { return }
        let limit = watch.limit("tcp_receive", bytes: received)
        self.result.withLock { $0 = limit }
    }

    func join() -> MachineLimit {
        self.thread.withLock { $0.take() }?.join()
        return self.result.withLock { $0 }
    }
}
