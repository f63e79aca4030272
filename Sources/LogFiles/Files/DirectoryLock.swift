internal import Glibc

/// Exclusive use of a directory by one process: `flock` on its `.lock` file.
///
/// The kernel drops the lock with the process, however it ends, so a left-over `.lock` file never blocks a start.
/// Released when the last reference goes away.
package final class DirectoryLock: Sendable {
    /// Another process holds the directory, or locking failed.
    package enum Failure: Error, Sendable, CustomStringConvertible {
        /// `holder` is the process ID that the holder wrote, if readable.
        case held(path: String, holder: Int32?)
        case file(FileError)

        package var description: String {
            switch self {
            case .held(let path, let holder?): "\(path) is in use by process \(holder)"
            case .held(let path, nil): "\(path) is in use by another process"
            case .file(let error): error.description
            }
        }
    }

    /// The file that is locked.
    package static let name = ".lock"

    private let file: File

    private init(file: File) { self.file = file }

    /// Takes the lock without waiting and writes this process's ID into the file.
    package static func acquire(in directory: Directory) throws(Failure) -> DirectoryLock {
        let file: File
        let isLocked: Bool
        do throws(FileError) {
            file = try directory.open(Self.name, options: [.write, .create])
            isLocked = try file.lock()
        } catch {
            throw .file(error)
        }
        guard isLocked else { throw .held(path: directory.path, holder: Self.holder(in: file)) }
        let text = Array("\(getpid())\n".utf8)
        do throws(FileError) {
            try file.truncate(to: 0)
            try text.withUnsafeBufferPointer { (bytes) throws(FileError) in
                try file.write(UnsafeRawBufferPointer(bytes), at: 0)
            }
        } catch {
            // The ID only helps messages, so a full disk must not keep a server from starting.
            guard error.isDiskFull else { throw .file(error) }
        }
        return DirectoryLock(file: file)
    }

    /// Lets go of the directory now, however many references there are.
    package func release() { _ = try? self.file.close() }

    /// Takes the lock for reading, and writes nothing: others may read at the same time, no server can start.
    ///
    /// - Returns: `nil` when the directory has no lock file, and so no server that ever ran.
    package static func acquireShared(in directory: Directory) throws(Failure) -> DirectoryLock? {
        let file: File
        let isLocked: Bool
        do throws(FileError) {
            file = try directory.open(Self.name)
            isLocked = try file.lock(isShared: true)
        } catch {
            if error.isNotFound { return nil }
            throw .file(error)
        }
        guard isLocked else { throw .held(path: directory.path, holder: Self.holder(in: file)) }
        return DirectoryLock(file: file)
    }

    private static func holder(in file: File) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = try? bytes.withUnsafeMutableBufferPointer { (buffer) throws(FileError) in
            try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: 0)
        }
        guard let count else { return nil }
        return Int32(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
