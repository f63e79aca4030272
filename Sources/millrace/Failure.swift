/// A failure as the person at the terminal reads it: what happened and what to do next, in one line.
struct Failure: Error, CustomStringConvertible {
    /// The journal failed while the server ran (`EX_IOERR` of sysexits.h): a supervisor may start it again, and should
    /// look at the disk.
    static let storageExitCode: Int32 = 74
    /// The broker is a member of its cluster no longer (`EX_TEMPFAIL`): started again, it is one as another
    /// incarnation.
    static let membershipExitCode: Int32 = 75

    var description: String
    var exitCode: Int32

    init(_ description: String, exitCode: Int32 = 1) {
        self.description = description
        self.exitCode = exitCode
    }
}
