internal import Broker
internal import Glibc
internal import LogFiles
internal import ServerTLS
internal import Serving

/// How much memory the server may use (`--memory-limit`), and how that is dealt out.
///
/// | part | of the limit | at most |
/// | --- | --- | --- |
/// | what connections hold: requests coming in, answers going out | 1/4 | |
/// | connections themselves, each counted as 12 KiB, with TLS as 60 KiB | 1/8 | `max.connections` |
/// | batches that no segment has yet | 1/8 | 64 MiB |
/// | batches kept for readers at the tail | 1/16 | 32 MiB |
/// | metadata, subscriptions and assignments of the members of groups | 1/16 | |
/// | keys of a partition that is compacted | 1/8 | `log.cleaner.dedupe.buffer.size` |
/// | partitions of fetch sessions, each counted as 256 bytes | 1/32 | |
///
/// The rest is for the program, its indexes and what the allocator cannot use.
struct MemoryLimit: Sendable, Equatable {
    var bytes: Int

    /// Less would not hold a full PutRecords beside the program.
    static let bytesMin = 128 << 20
    private static let bytesDefaultMax = 512 << 20

    private init(bytes: Int) { self.bytes = bytes }

    /// A quarter of what this machine or container has, at most 512 MiB.
    static func ofMachine() -> MemoryLimit {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let machine = pages > 0 ? pages * sysconf(Int32(_SC_PAGESIZE)) : .max
        let available = min(machine, ControlGroup.own(read: SystemFile.text).limit ?? .max)
        return MemoryLimit(bytes: max(Self.bytesMin, min(available / 4, Self.bytesDefaultMax)))
    }

    init(text: String) throws(Failure) {
        let bytes = try ByteSize.parse(text, option: "--memory-limit")
        guard bytes >= Self.bytesMin else { throw Failure("--memory-limit must be at least 128MiB, not \(text)") }
        self.init(bytes: bytes)
    }

    var connectionBuffers: ConnectionMemory { ConnectionMemory(bytesMax: self.bytes / 4) }

    /// Free memory that malloc keeps in each of its arenas.
    var allocatorKeepsBytes: Int { min(64 << 20, self.bytes / 16) }

    /// Blocks of this size are mapped one by one and cost a page fault for each 4 KiB: above what one answer reads,
    /// where there is memory enough to keep such blocks.
    var allocatorMapsFromBytes: Int { self.bytes >= 512 << 20 ? 16 << 20 : 1 << 20 }

    /// Half of the available memory, measured again as the server writes; at least as much as this limit.
    ///
    /// Available is what could be had without swapping, what the cache holds now included, so that the limit does not
    /// move with the cache itself. Readers who are a few gigabytes behind find them there; on a machine that others
    /// need, what was written longest ago goes first.
    var pageCache: PageCacheLimit {
        let bytesMin = Int64(self.bytes)
        return .measured { max(bytesMin, (AvailableMemory.now(read: SystemFile.text) ?? 0) / 2) }
    }

    /// A member beyond it is refused with GROUP_MAX_SIZE_REACHED.
    var groupMemberBytesMax: Int { self.bytes / 16 }

    /// A commit of a further offset beyond it is refused with INVALID_COMMIT_OFFSET_SIZE.
    var groupOffsetBytesMax: Int { self.bytes / 8 }

    /// Empty ones take a quarter of the memory, 1.5 KB each; further ones are refused with INVALID_PARTITIONS.
    var partitionsMax: Int { self.bytes / 6_144 }

    /// What compaction may take for keys while it runs.
    var cleanerBytes: Int { self.bytes / 8 }

    /// Beyond it clients have no fetch sessions and name their partitions in each request.
    var fetchSessionPartitionsMax: Int { self.bytes / 32 / 256 }

    /// - Parameter encrypted: whether connections of the port may speak TLS.
    func connectionsMax(encrypted: Bool) -> Int {
        self.bytes / 8 / (ConnectionMemory.connectionBytes + (encrypted ? ServerTLS.connectionBytes : 0))
    }

    var engine: EngineSettings {
        var settings = EngineSettings()
        settings.unwrittenBytesMax = min(settings.unwrittenBytesMax, Int64(self.bytes / 8))
        settings.tailBytesMax = min(settings.tailBytesMax, Int64(self.bytes / 16))
        return settings
    }
}
