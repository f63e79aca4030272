internal import Broker
internal import FoundationEssentials
internal import Glibc

extension LogDirectory {
    /// A directory on a volume of this machine.
    init(volumeOf path: String) {
        let absolute = URL(filePath: path, directoryHint: .notDirectory).standardized.path
        self.init(path: absolute) {
            var status = statvfs()
            guard statvfs(absolute, &status) == 0 else { return nil }
            return Space(
                totalBytes: Self.bytes(status.f_blocks, of: status.f_frsize),
                usableBytes: Self.bytes(status.f_bavail, of: status.f_frsize)
            )
        }
    }

    private static func bytes(_ blocks: fsblkcnt_t, of size: UInt) -> Int64 {
        let (bytes, overflow) = UInt64(blocks).multipliedReportingOverflow(by: UInt64(size))
        return overflow ? .max : Int64(clamping: bytes)
    }
}
