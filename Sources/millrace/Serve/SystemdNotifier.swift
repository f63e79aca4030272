internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Tells systemd how the server is doing, by the datagrams of `sd_notify(3)`; the unit says `Type=notify`.
///
/// A datagram that cannot be sent is left out: the server does not depend on who started it.
struct SystemdNotifier: Sendable {
    /// What systemd is told.
    enum State: Equatable {
        /// The server accepts connections.
        case ready
        /// The server finishes what it has begun, and ends.
        case stopping
        /// A start or a stop needs this much longer, in microseconds.
        case extendTimeout(microseconds: Int64)
        /// The event loops answer.
        case watchdog
        /// One line for `systemctl status`.
        case status(String)

        var text: String {
            switch self {
            case .ready: "READY=1"
            case .stopping: "STOPPING=1"
            case .extendTimeout(let microseconds): "EXTEND_TIMEOUT_USEC=\(microseconds)"
            case .watchdog: "WATCHDOG=1"
            // The protocol's fields end at a line feed.
            case .status(let line): "STATUS=\(String(line.map { $0.isNewline ? " " : $0 }))"
            }
        }
    }

    /// `NOTIFY_SOCKET`: a path, or `@` and a name in the abstract namespace.
    private let address: String
    /// Half of `WATCHDOG_USEC`, as `sd_watchdog_enabled(3)` advises; nil where no watchdog waits for this process.
    let watchdogInterval: Duration?

    /// How often a start that takes long asks for more time, and for how much of it.
    static let moreTime = (every: Duration.seconds(5), microseconds: Int64(30_000_000))
    /// Asked for at most so often: an hour.
    static let extensionsMax = 720

    /// - Returns: nil where no service manager listens.
    init?(environment: [String: String], processID: Int32) {
        guard let address = environment["NOTIFY_SOCKET"], address.hasPrefix("/") || address.hasPrefix("@"),
            address.utf8.count > 1, address.utf8.count < Self.pathBytesMax
        else { return nil }
        self.address = address
        let isForUs = environment["WATCHDOG_PID"].map { Int32($0) == processID } ?? true
        self.watchdogInterval = environment["WATCHDOG_USEC"].flatMap(Int64.init)
            .flatMap { isForUs && $0 > 0 ? Duration.microseconds($0 / 2) : nil }
    }

    /// `sun_path` of `unix(7)` with its terminator.
    private static let pathBytesMax = 108

    func notify(_ states: State...) {
        let message = Array(states.map(\.text).joined(separator: "\n").utf8)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var place = sockaddr_un()
        place.sun_family = sa_family_t(AF_UNIX)
        var path = Array(self.address.utf8)
        // A name in the abstract namespace begins with a NUL and ends where the address ends.
        if path[0] == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &place.sun_path) { $0.copyBytes(from: path) }
        let bytes = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = sendto(
                    descriptor,
                    message,
                    message.count,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT),
                    address,
                    bytes
                )
            }
        }
    }

    /// Asks for more time until it is cancelled: a start after a crash reads what was not checkpointed.
    func extendTimeout() async {
        for _ in 0..<Self.extensionsMax {
            self.notify(.extendTimeout(microseconds: Self.moreTime.microseconds))
            do { try await Task.sleep(for: Self.moreTime.every) } catch { return }
        }
    }

    /// Feeds the watchdog as long as every event loop answers. Returns when it is cancelled, or the loops are gone.
    func watch(_ group: MultiThreadedEventLoopGroup) async {
        while !Task.isCancelled {
            if self.watchdogInterval != nil {
                for loop in group.makeIterator() {
                    do { try await loop.submit {}.get() } catch { return }
                }
                self.notify(.watchdog)
            }
            // Without a watchdog there is only the end to wait for.
            do { try await Task.sleep(for: self.watchdogInterval ?? .seconds(3600)) } catch { return }
        }
    }
}
