internal import Glibc
internal import Synchronization

/// Faults for tests: a disk that is full, a write that is cut short, an fsync that fails.
///
/// A `File` or `Directory` that was opened without one never looks here, so production pays one `nil` check per
/// system call.
package final class FileFaults: Sendable {
    package struct Rules: Sendable {
        /// Bytes that may still be written or preallocated; then `ENOSPC`. `nil` is a disk without an end.
        package var bytesFree: Int?
        /// The most bytes that one system call writes, to provoke short writes.
        package var writeBytesMax: Int?
        /// Fails every write with this error number.
        package var writeError: Int32?
        /// Fails every read with this error number.
        package var readError: Int32?
        /// Fails every fsync and fdatasync with this error number.
        package var syncError: Int32?
        /// Answers `EINVAL` to `O_DIRECT`, as tmpfs before Linux 6.6 and some overlays do.
        package var refusesDirect = false
        /// Only paths that contain this text are touched; `nil` touches all.
        package var pathContains: String?
        /// Called on the writing thread before each write. A test may block in it to hold a write in flight.
        package var beforeWrite: (@Sendable (_ path: String, _ bytes: Int) -> Void)?

        package init() {}
    }

    /// How often each system call was made on files that consult this object.
    package struct Counts: Sendable, Equatable {
        package var writes = 0
        package var bytesWritten = 0
        package var syncs = 0
    }

    private struct State {
        var rules: Rules
        var counts = Counts()
    }

    private let state: Mutex<State>

    package init(_ rules: Rules = Rules()) { self.state = Mutex(State(rules: rules)) }

    /// Changes the rules for every later system call.
    package func set(_ change: (inout Rules) -> Void) {
        self.state.withLock { change(&$0.rules) }
    }

    package var counts: Counts { self.state.withLock { $0.counts } }

    enum Verdict {
        /// Go ahead with at most this many bytes.
        case proceed(Int)
        case fail(Int32)
    }

    func openError(path: String, isDirect: Bool) -> Int32? {
        self.state.withLock { isDirect && $0.rules.refusesDirect && $0.rules.applies(path) ? EINVAL : nil }
    }

    func willWrite(path: String, bytes: Int) -> Verdict {
        let before = self.state.withLock { $0.rules.applies(path) ? $0.rules.beforeWrite : nil }
        before?(path, bytes)
        return self.state.withLock { state in
            guard state.rules.applies(path) else { return .proceed(bytes) }
            if let error = state.rules.writeError { return .fail(error) }
            var allowed = bytes
            if let free = state.rules.bytesFree {
                if free <= 0 && bytes > 0 { return .fail(ENOSPC) }
                allowed = min(allowed, free)
            }
            if let limit = state.rules.writeBytesMax { allowed = min(allowed, limit) }
            if let free = state.rules.bytesFree { state.rules.bytesFree = free - allowed }
            state.counts.writes += 1
            state.counts.bytesWritten += allowed
            return .proceed(allowed)
        }
    }

    func preallocateError(path: String, bytes: Int64) -> Int32? {
        self.state.withLock { state in
            guard state.rules.applies(path), let free = state.rules.bytesFree else { return nil }
            return Int64(free) < bytes ? ENOSPC : nil
        }
    }

    func readError(path: String) -> Int32? {
        self.state.withLock { $0.rules.applies(path) ? $0.rules.readError : nil }
    }

    func syncError(path: String) -> Int32? {
        self.state.withLock { state in
            guard state.rules.applies(path) else { return nil }
            state.counts.syncs += 1
            return state.rules.syncError
        }
    }
}

extension FileFaults.Rules {
    func applies(_ path: String) -> Bool {
        guard let part = self.pathContains else { return true }
        // `contains` of a string needs Foundation; a byte search does here.
        let text = Array(path.utf8)
        let pattern = Array(part.utf8)
        guard !pattern.isEmpty, text.count >= pattern.count else { return pattern.isEmpty }
        return (0...(text.count - pattern.count)).contains { start in
            text[start..<(start + pattern.count)].elementsEqual(pattern)
        }
    }
}
