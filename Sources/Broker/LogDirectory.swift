/// The directory of the log, as DescribeLogDirs tells of it.
package struct LogDirectory: Sendable {
    /// How much the volume holds, in bytes.
    package struct Space: Sendable, Equatable {
        package var totalBytes: Int64
        /// What this process may still write.
        package var usableBytes: Int64

        package init(totalBytes: Int64, usableBytes: Int64) {
            self.totalBytes = totalBytes
            self.usableBytes = usableBytes
        }
    }

    /// Absolute.
    package var path: String
    /// Asks the file system; `nil` when it does not tell. May block, so not for event loops.
    package var space: @Sendable () -> Space?

    package init(path: String, space: @escaping @Sendable () -> Space?) {
        self.path = path
        self.space = space
    }
}
