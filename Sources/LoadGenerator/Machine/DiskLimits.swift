internal import Glibc

/// What the disk below a directory allows, in the ways in which logs write.
enum DiskLimits {
    /// `O_DIRECT`, which Swift's Glibc module hides (it is built without `_GNU_SOURCE`).
    #if arch(arm64) || arch(arm)
        fileprivate static let directFlag: Int32 = 0o200000
    #else
        fileprivate static let directFlag: Int32 = 0o40000
    #endif

    /// The most steps that wait for the disk: a slow disk takes milliseconds for each.
    private static let syncStepsMax = 512

    static func measure(directory: String, bytes: Int) -> [MachineLimit] {
        let block = self.block()
        defer { block.deallocate() }
        let path = "\(directory)/.millrace-bench-\(getpid())"
        defer { unlink(path) }
        var limits: [MachineLimit] = []
        limits.append(self.append("buffered_append_128k", path, block, step: 128 << 10, bytes: bytes, syncs: false))
        for (name, step) in [("append_fdatasync_4k", 4 << 10), ("append_fdatasync_128k", 128 << 10)] {
            let most = min(bytes, step * self.syncStepsMax)
            limits.append(self.append(name, path, block, step: step, bytes: most, syncs: true))
        }
        limits += self.overwrites(path, block, bytes: bytes)
        limits.append(self.syncLatency(path, block))
        return limits
    }

    /// 1 MiB in one huge page, which the device is given as one piece.
    private static func block() -> UnsafeMutableRawBufferPointer {
        let huge = 2 << 20
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: huge, alignment: huge)
        _ = madvise(memory.baseAddress, huge, MADV_HUGEPAGE)
        memory.initializeMemory(as: UInt8.self, repeating: 0x5A)
        return UnsafeMutableRawBufferPointer(rebasing: memory[..<(1 << 20)])
    }

    private static func append(
        _ name: String,
        _ path: String,
        _ block: UnsafeMutableRawBufferPointer,
        step: Int,
        bytes: Int,
        syncs: Bool
    ) -> MachineLimit {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { return .skipped(name, "cannot create a file: \(SystemError.text)") }
        defer { close(file) }
        var latencies = StepLatencies()
        let watch = ThreadStopwatch()
        var written = 0
        while written < bytes {
            let isDone = latencies.measure {
                write(file, block.baseAddress, step) == step && (!syncs || fdatasync(file) == 0)
            }
            guard isDone else { return .skipped(name, "cannot write: \(SystemError.text)") }
            written += step
        }
        var limit = watch.limit(name, bytes: written)
        limit.p50 = latencies.percentile(0.5)
        limit.p99 = latencies.percentile(0.99)
        // Not left for the next measurement to wait for.
        if !syncs { fdatasync(file) }
        return limit
    }

    /// `O_DIRECT|O_DSYNC` writes over blocks that have been written before, as a recycled journal has them.
    private static func overwrites(
        _ path: String,
        _ block: UnsafeMutableRawBufferPointer,
        bytes: Int
    ) -> [MachineLimit] {
        let kinds = [("direct_dsync_4k", 4 << 10), ("direct_dsync_128k", 128 << 10), ("direct_dsync_1m", 1 << 20)]
        guard let file = Overwriting(path: path, block: block, fileBytes: 64 << 20) else {
            return kinds.map { .skipped($0.0, "no file could be made, or not with O_DIRECT: \(SystemError.text)") }
        }
        return kinds.map { name, step in
            var latencies = StepLatencies()
            let steps = max(1, min(bytes / step, self.syncStepsMax))
            let watch = ThreadStopwatch()
            for _ in 0..<steps {
                guard latencies.measure({ file.write(step) }) else {
                    return .skipped(name, "the file system refuses O_DIRECT: \(SystemError.text)")
                }
            }
            var limit = watch.limit(name, bytes: steps * step)
            limit.p50 = latencies.percentile(0.5)
            limit.p99 = latencies.percentile(0.99)
            return limit
        }
    }

    /// A file whose every block has been written, and is written again and again.
    final class Overwriting {
        private let file: Int32
        private let block: UnsafeMutableRawBufferPointer
        private let ownsBlock: Bool
        private let fileBytes: Int
        private var position = 0

        /// With a file and a block of its own.
        convenience init?(directory: String, fileBytes: Int) {
            let path = "\(directory)/.millrace-bench-\(getpid())"
            defer { unlink(path) }
            self.init(path: path, block: DiskLimits.block(), ownsBlock: true, fileBytes: fileBytes)
        }

        /// `nil` when it cannot be made, or the file system has no `O_DIRECT`; `errno` has the reason.
        init?(path: String, block: UnsafeMutableRawBufferPointer, ownsBlock: Bool = false, fileBytes: Int) {
            self.block = block
            self.ownsBlock = ownsBlock
            self.fileBytes = fileBytes
            self.file = Self.prepare(path, block, fileBytes)
            if self.file < 0 { return nil }
        }

        deinit {
            if self.file >= 0 { close(self.file) }
            if self.ownsBlock { self.block.deallocate() }
        }

        private static func prepare(_ path: String, _ block: UnsafeMutableRawBufferPointer, _ fileBytes: Int) -> Int32 {
            let plain = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            guard plain >= 0 else { return -1 }
            defer { close(plain) }
            var prepared = 0
            while prepared < fileBytes {
                guard Glibc.write(plain, block.baseAddress, block.count) == block.count else { return -1 }
                prepared += block.count
            }
            guard fsync(plain) == 0 else { return -1 }
            return open(path, O_WRONLY | O_CLOEXEC | O_DSYNC | DiskLimits.directFlag)
        }

        /// Writes a step, durably, behind the one before it.
        func write(_ step: Int) -> Bool {
            if self.position + step > self.fileBytes { self.position = 0 }
            defer { self.position += step }
            return pwrite(self.file, self.block.baseAddress, step, self.position) == step
        }
    }

    /// fdatasync alone, after a write of 4 KiB over what is there.
    private static func syncLatency(_ path: String, _ block: UnsafeMutableRawBufferPointer) -> MachineLimit {
        let name = "fdatasync"
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return .skipped(name, "cannot create a file: \(SystemError.text)") }
        defer { close(file) }
        var latencies = StepLatencies()
        for index in 0..<self.syncStepsMax {
            guard pwrite(file, block.baseAddress, 4096, index * 4096) == 4096,
                latencies.measure({ fdatasync(file) }) == 0
            else { return .skipped(name, "cannot write: \(SystemError.text)") }
        }
        var limit = MachineLimit(name: name)
        limit.p50 = latencies.percentile(0.5)
        limit.p99 = latencies.percentile(0.99)
        return limit
    }
}
