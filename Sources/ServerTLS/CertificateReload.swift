/// What tells a file that was changed from the one before: any of these differs.
package struct FileStamp: Sendable, Hashable {
    package var device: UInt64
    package var inode: UInt64
    package var bytes: Int64
    package var modifiedNanoseconds: Int64

    package init(device: UInt64, inode: UInt64, bytes: Int64, modifiedNanoseconds: Int64) {
        self.device = device
        self.inode = inode
        self.bytes = bytes
        self.modifiedNanoseconds = modifiedNanoseconds
    }
}

/// Decides when the files of a port's certificates are read again. Sans-IO.
///
/// A change is read once the files stand still from one look to the next: certificate and key are two files, which are
/// replaced one after the other. What cannot be used is not read again before it changes once more.
///
/// ```
///  settled ── other stamps ──► changing ── the same stamps ──► read ──► settled, with these stamps
///                                 ▲   │
///                                 └───┘ other stamps again
/// ```
package struct CertificateReload: Sendable {
    package enum Action: Sendable, Hashable {
        case none
        /// Read the files, then use what they hold, or keep what is in use and say so.
        case read
    }

    /// One for each file, `nil` for one that is missing.
    package typealias Stamps = [FileStamp?]

    private enum State {
        case settled(Stamps)
        case changing(Stamps, from: Stamps)
    }

    private var state: State

    /// - Parameter stamps: of the files that are in use, taken before they were read.
    package init(_ stamps: Stamps) { self.state = .settled(stamps) }

    /// The files were looked at.
    package mutating func looked(_ stamps: Stamps) -> Action {
        switch self.state {
        case .settled(let settled) where settled == stamps: return .none
        case .settled(let settled):
            self.state = .changing(stamps, from: settled)
            return .none
        case .changing(_, let settled) where settled == stamps:
            // Put back as they were.
            self.state = .settled(stamps)
            return .none
        case .changing(let seen, _) where seen == stamps:
            self.state = .settled(stamps)
            return .read
        case .changing(_, let settled):
            self.state = .changing(stamps, from: settled)
            return .none
        }
    }

    /// An operator asks for it (SIGHUP), or the properties changed: the files are read, changed or not.
    package mutating func requested(_ stamps: Stamps) -> Action {
        self.state = .settled(stamps)
        return .read
    }
}
