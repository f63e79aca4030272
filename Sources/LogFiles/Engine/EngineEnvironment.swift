package import Threads

/// What the engine has from the system: the disk, the time, threads and randomness. Tests and simulations pass their
/// own; nothing below the engine asks the system itself.
package struct EngineEnvironment: Sendable {
    package var disk: any Disk
    package var time: any TimeSource
    package var threads: any ThreadScheduler
    /// 64 random bits.
    package var random: @Sendable () -> UInt64

    package init(
        disk: any Disk = SystemDisk.shared,
        time: any TimeSource = SystemTime.shared,
        threads: any ThreadScheduler = SystemThreads.shared,
        random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }
    ) {
        self.disk = disk
        self.time = time
        self.threads = threads
        self.random = random
    }

    /// The system's own.
    package static var system: EngineEnvironment { EngineEnvironment() }
}
