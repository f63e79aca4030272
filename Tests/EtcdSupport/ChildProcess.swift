internal import Foundation

/// A program that a test starts, without input and output, and without this process' files: a socket that another test
/// listens on for a moment would stay bound as long as the child lives.
///
/// By `posix_spawn` and not by Foundation's `Process`: that lists the open files of this process before it forks, and
/// copies more of a directory entry than the kernel wrote, which has ended whole test runs with a fault of memory.
package struct ChildProcess: Sendable {
    package let identifier: Int32

    /// More than a test process has open at a time, and not more than it may.
    private static let descriptorsMax = Int32(clamping: min(4096, sysconf(Int32(_SC_OPEN_MAX))))

    /// - Parameters:
    ///   - arguments: without the program's name.
    ///   - environment: `NAME=VALUE`.
    /// - Throws: `POSIXError`.
    package init(_ path: String, _ arguments: [String], environment: [String] = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        throws
    {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // What is not open is ignored.
        for descriptor in 3..<Self.descriptorsMax { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for text in words + variables { free(text) } }
        var child: pid_t = 0
        let result = posix_spawn(&child, path, &actions, nil, &words, &variables)
        guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: result) ?? .EINVAL) }
        self.identifier = child
    }

    /// Blocks until it has ended, and forgets it.
    ///
    /// - Returns: its exit code; `nil` when a signal ended it.
    @discardableResult
    package func wait() -> Int32? {
        var status: Int32 = 0
        while waitpid(self.identifier, &status, 0) < 0 {
            guard errno == EINTR else { return nil }
        }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
    }

    /// As `wait`, on a thread of its own.
    package func ended() async -> Int32? {
        await withCheckedContinuation { done in
            Thread.detachNewThread { done.resume(returning: self.wait()) }
        }
    }
}
