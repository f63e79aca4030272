internal import ArgumentParser
internal import Glibc
internal import LogFiles

/// How `check` and `repair` end: codes of `sysexits.h`, for scripts.
enum InspectionExit {
    static let damaged: Int32 = 1

    /// An end with one line on standard error.
    struct Refusal: Error {
        var message: String
        var code: Int32
    }

    static func run(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let refusal as Refusal {
            StandardError.write("millrace: \(refusal.message)\n")
            throw ExitCode(refusal.code)
        } catch is OutputClosed {
            return
        } catch let failure as Failure {
            StandardError.write("millrace: \(failure)\n")
            throw ExitCode(EX_IOERR)
        }
    }

    static func end(_ verdict: DirectoryReport.Verdict) throws {
        switch verdict {
        case .whole: return
        case .damaged: throw ExitCode(Self.damaged)
        case .unreadable: throw ExitCode(EX_IOERR)
        }
    }

    /// The directory, if it looks like one of a server.
    static func openRoot(_ path: String) throws(Refusal) -> Directory {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let root = Directory(path)
        guard (try? root.isDirectory()) ?? true else {
            throw Refusal(message: "there is no directory \(path)", code: EX_NOINPUT)
        }
        let entries: [Directory.Entry]
        do throws(FileError) {
            entries = try root.entries()
        } catch {
            throw Refusal(message: error.description, code: EX_IOERR)
        }
        let isOurs = entries.contains { entry in
            entry.name == "meta.properties" || entry.name.hasPrefix("metadata.") || entry.name == "journal"
        }
        guard isOurs || entries.isEmpty else {
            throw Refusal(message: "\(path) is not a data directory of Millrace", code: EX_NOINPUT)
        }
        return root
    }

    static func lockShared(_ root: Directory) throws(Refusal) -> DirectoryLock? {
        do throws(DirectoryLock.Failure) {
            return try DirectoryLock.acquireShared(in: root)
        } catch {
            throw Self.refusal(error)
        }
    }

    static func lock(_ root: Directory) throws(Refusal) -> DirectoryLock {
        do throws(DirectoryLock.Failure) {
            return try DirectoryLock.acquire(in: root)
        } catch {
            throw Self.refusal(error)
        }
    }

    private static func refusal(_ failure: DirectoryLock.Failure) -> Refusal {
        switch failure {
        case .held: Refusal(message: "\(failure); stop the server first", code: EX_TEMPFAIL)
        case .file: Refusal(message: failure.description, code: EX_IOERR)
        }
    }
}

/// Shows on a terminal how far an inspection has come.
enum InspectionProgress {
    private final class Line {
        var progress = Progress()
        var bytes: Int64 = 0

        func read(_ part: String, _ bytes: Int64) {
            self.bytes += bytes
            self.progress.update("\(part): \(Progress.size(Int(self.bytes))) read")
        }
    }

    static func inspect(_ root: Directory) -> Inspection {
        let line = Line()
        defer { line.progress.clear() }
        return Inspection.run(root) { line.read($0, $1) }
    }
}
