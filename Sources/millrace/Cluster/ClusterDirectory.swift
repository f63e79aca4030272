internal import FoundationEssentials
internal import Glibc

/// What a broker of a cluster keeps on its disk: which instance it is. Everything else may be lost, and so may this:
/// then the broker waits until the metadata takes its earlier life for over.
final class ClusterDirectory: Sendable {
    private static let fileName = "cluster.instance"

    let instance: UInt64
    /// Locked as long as it is open.
    private let descriptor: Int32

    /// - Parameter proposed: random bits, in case there is none yet.
    /// - Throws: when another process uses the directory, or it holds the data of a server of its own.
    init(_ path: String, proposed: UInt64) throws(Failure) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw Failure("cannot make the data directory \(path): \(error)")
        }
        guard !FileManager.default.fileExists(atPath: path + "/meta.properties") else {
            throw Failure(
                "\(path) holds the data of a server of its own: a broker of a cluster needs another directory"
            )
        }
        let file = path + "/" + Self.fileName
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw Failure("cannot open \(file): \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw Failure("\(path) is in use by another process")
        }
        self.descriptor = descriptor
        var stored = [UInt8](repeating: 0, count: 64)
        let count = pread(descriptor, &stored, stored.count, 0)
        let text = String(decoding: stored.prefix(max(0, count)), as: UTF8.self)
        if let instance = UInt64(text.prefix { $0 != "\n" }, radix: 16), text.contains("\n") {
            self.instance = instance
            return
        }
        self.instance = proposed
        let line = Array("\(String(proposed, radix: 16))\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, line, line.count, 0) == line.count,
            fsync(descriptor) == 0
        else { throw Failure("cannot write \(file): \(String(cString: strerror(errno)))") }
    }

    deinit { close(self.descriptor) }
}
