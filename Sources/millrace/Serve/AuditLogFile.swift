internal import Glibc
internal import Logging
internal import Model
internal import Serving
internal import Synchronization

/// Where the audit log's lines go: a file that is appended to, or standard error.
final class AuditLogFile: Sendable {
    /// Says that lines cannot be written at most once in so many milliseconds.
    private static let complaintMilliseconds: Int64 = 10_000

    private let descriptor: Int32
    private let logger: Logger
    private let monotonicMilliseconds: @Sendable () -> Int64
    private let complainedAt = Mutex<Int64>(.min)

    private init(_ descriptor: Int32, logger: Logger, monotonicMilliseconds: @escaping @Sendable () -> Int64) {
        self.descriptor = descriptor
        self.logger = logger
        self.monotonicMilliseconds = monotonicMilliseconds
    }

    /// The audit log that `audit.log` names.
    ///
    /// - Parameter target: a path, `stderr`, or empty for none.
    static func open(
        _ target: String,
        logger: Logger,
        now: @escaping @Sendable () -> Timestamp,
        monotonicMilliseconds: @escaping @Sendable () -> Int64
    ) throws(Failure) -> any AuditLog {
        if target.isEmpty { return NoAuditLog() }
        var descriptor = STDERR_FILENO
        if target != "stderr" {
            // It says who does what: for the server's user alone.
            descriptor = Glibc.open(target, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                throw Failure("cannot open the audit log \(target): \(String(cString: strerror(errno)))")
            }
        }
        let file = AuditLogFile(descriptor, logger: logger, monotonicMilliseconds: monotonicMilliseconds)
        return QueuedAuditLog(now: now, monotonicMilliseconds: monotonicMilliseconds) { file.append($0) }
    }

    private func append(_ lines: [UInt8]) {
        var rest = lines[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(self.descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return self.complain(errno, bytesLost: rest.count) }
            rest = rest.dropFirst(written)
        }
    }

    private func complain(_ error: Int32, bytesLost: Int) {
        let now = self.monotonicMilliseconds()
        let isDue = self.complainedAt.withLock { last -> Bool in
            guard last == .min || now - last >= Self.complaintMilliseconds else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        self.logger.error(
            "the audit log cannot be written: lines are lost",
            metadata: ["error": "\(String(cString: strerror(error)))", "bytes": "\(bytesLost)"]
        )
    }
}
