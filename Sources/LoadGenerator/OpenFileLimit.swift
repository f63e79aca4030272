internal import Glibc

/// How many files and sockets this process may hold open.
enum OpenFileLimit {
    /// Raises the soft limit to the hard one: ten thousand connections need more than the usual 1,024.
    static func raise() {
        var limit = rlimit()
        guard getrlimit(Self.resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(Self.resource, &limit)
    }

    /// The most that may be open; `nil` when the system does not tell.
    static var current: Int? {
        var limit = rlimit()
        guard getrlimit(Self.resource, &limit) == 0 else { return nil }
        return Int(clamping: limit.rlim_cur)
    }

    private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
}
