internal import Glibc
internal import Synchronization

/// Room on the disk that is given back when the disk is full and something is to be deleted: a topic can then be
/// deleted on a disk without a free byte.
final class DiskReserve: Sendable {
    /// A deletion writes some pages to SQLite's log and a record to the mirror.
    private static let bytes = 1 << 20

    private let path: String
    private let isHeld: Mutex<Bool>

    /// Takes the room, if there is any.
    init(path: String) {
        self.path = path
        self.isHeld = Mutex(false)
        self.refill()
    }

    /// Gives the room back. False when there was none.
    func release() -> Bool {
        self.isHeld.withLock { isHeld in
            guard isHeld else { return false }
            isHeld = false
            return unlink(self.path) == 0
        }
    }

    /// Takes the room again once the disk has it.
    func refill() {
        self.isHeld.withLock { isHeld in
            guard !isHeld else { return }
            let file = open(self.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            guard file >= 0 else { return }
            defer { close(file) }
            if posix_fallocate(file, 0, Self.bytes) == 0 {
                isHeld = true
            } else {
                unlink(self.path)
            }
        }
    }
}
