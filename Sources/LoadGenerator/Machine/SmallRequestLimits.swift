internal import Glibc

/// What a produced record and the fetch that waits for it cost at the least, one by one at 1,000 a second: one thread
/// reads the record, answers it, sends it to a second connection and reads that one's next request.
///
/// At this rate the sleeps and wake-ups in between are what counts, and their price is the machine's.
enum SmallRequestLimits {
    private static let recordBytes = 1_150
    private static let answerBytes = 60
    private static let fetchBytes = 100
    private static let perSecond = 1_000

    /// - Parameters:
    ///   - seconds: of each of the two.
    ///   - directory: for the durable one, which writes each record by itself before it answers.
    static func measure(directory: String, seconds: Int) -> [MachineLimit] {
        let (plain, durable) = ("small_request", "small_request_dsync_4k")
        let count = seconds * self.perSecond
        let first = self.cycle(plain, count: count) { true }
        guard let journal = DiskLimits.Overwriting(directory: directory, fileBytes: 4 << 20) else {
            return [first, .skipped(durable, "the file system refuses O_DIRECT: \(SystemError.text)")]
        }
        return [first, self.cycle(durable, count: count) { journal.write(4096) }]
    }

    private static func cycle(_ name: String, count: Int, _ makeDurable: () -> Bool) -> MachineLimit {
        guard let producing = LoopbackLimits.connection() else {
            return .skipped(name, "no loopback connection could be made: \(SystemError.text)")
        }
        defer { close(producing.receiver) }
        guard let fetching = LoopbackLimits.connection() else {
            close(producing.sender)
            return .skipped(name, "no loopback connection could be made: \(SystemError.text)")
        }
        defer { close(fetching.receiver) }
        for socket in [producing.sender, producing.receiver, fetching.sender, fetching.receiver] {
            var isOn: Int32 = 1
            setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        }
        let (producer, consumer) = (producing.sender, fetching.sender)
        let threads = [
            PlainThread { Self.produce(on: producer, count: count) },
            PlainThread { while Self.receive(Self.answerBytes, from: producer) {} },
            PlainThread {
                while Self.send(Self.fetchBytes, to: consumer), Self.receive(Self.recordBytes, from: consumer) {}
            },
        ]
        let limit = self.serve(name, producing.receiver, fetching.receiver, count: count, makeDurable)
        // Ends the others, wherever they are.
        for socket in [producing.receiver, fetching.receiver] { shutdown(socket, Int32(SHUT_RDWR)) }
        for thread in threads { thread.join() }
        close(producer)
        close(consumer)
        return limit
    }

    /// The measured side. The first eighth is not counted.
    private static func serve(
        _ name: String,
        _ producer: Int32,
        _ consumer: Int32,
        count: Int,
        _ makeDurable: () -> Bool
    ) -> MachineLimit {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 4096)
        defer { block.deallocate() }
        var sockets = [producer, consumer].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let (warmUp, batch) = (count / 8, Self.recordBytes)
        var (received, answered) = (0, 0)
        var watch: ThreadStopwatch?
        while answered < count {
            guard poll(&sockets, 2, 10_000) > 0 else { return .skipped(name, "a client stalled for 10 s") }
            if sockets[1].revents != 0, recv(consumer, block.baseAddress, block.count, 0) <= 0 {
                return .skipped(name, "a client went away")
            }
            guard sockets[0].revents != 0 else { continue }
            let bytes = recv(producer, block.baseAddress, block.count, 0)
            guard bytes > 0, makeDurable() else { return .skipped(name, "no record, or no disk: \(SystemError.text)") }
            received += bytes
            while answered < received / batch {
                answered += 1
                if answered == warmUp { watch = ThreadStopwatch() }
                guard Self.send(Self.answerBytes, to: producer), Self.send(batch, to: consumer) else {
                    return .skipped(name, "a client went away")
                }
            }
        }
        var limit = MachineLimit(name: name)
        limit.cpuSecondsPerMillion = watch.map { $0.cpuSeconds / Double(count - warmUp) * 1e6 }
        return limit
    }

    private static func produce(on socket: Int32, count: Int) {
        var due = timespec()
        clock_gettime(CLOCK_MONOTONIC, &due)
        for _ in 0..<count {
            due.tv_nsec += 1_000_000_000 / self.perSecond
            if due.tv_nsec >= 1_000_000_000 {
                due.tv_nsec -= 1_000_000_000
                due.tv_sec += 1
            }
            while clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &due, nil) == EINTR {}
            guard self.send(self.recordBytes, to: socket) else { return }
        }
    }

    private static func send(_ count: Int, to socket: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { bytes in
            bytes.initializeMemory(as: UInt8.self, repeating: 1)
            return Glibc.send(socket, bytes.baseAddress, count, Int32(MSG_NOSIGNAL)) == count
        }
    }

    private static func receive(_ count: Int, from socket: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { bytes in
            recv(socket, bytes.baseAddress, count, Int32(MSG_WAITALL)) == count
        }
    }
}
