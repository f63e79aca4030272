internal import Glibc
internal import Secrets

/// What the server leaves in its data directory for the commands of its own machine: where its admin port is, and a
/// token that only who may read the directory has. New at each start, removed at the end.
struct LocalAdminToken {
    static let name = "admin.token"

    let secret = SecretBytes.random(count: 32).withBytes { bytes in
        SecretBytes(Array("mrl_".utf8) + bytes.flatMap { [Self.digit($0 >> 4), Self.digit($0 & 15)] })
    }

    private static func digit(_ value: UInt8) -> UInt8 { Array("0123456789abcdef".utf8)[Int(value)] }

    /// Writes the file with mode 0600.
    ///
    /// - Parameter url: of the admin port.
    func write(to directory: String, url: String) throws(Failure) {
        let path = directory + "/" + Self.name
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure("cannot write \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var bytes = Array("\(url)\n".utf8) + self.secret.withBytes { Array($0) } + [UInt8(ascii: "\n")]
        defer { SecretBytes.wipe(&bytes) }
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard written == bytes.count else {
            throw Failure("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }

    static func remove(from directory: String) { unlink(directory + "/" + Self.name) }

    /// The address and the token that a server left; `nil` when there is none.
    static func read(from directory: String) throws(Failure) -> (url: String, token: String)? {
        let path = directory + "/" + Self.name
        guard access(path, F_OK) == 0 else { return nil }
        guard let text = SystemFile.text(path) else {
            throw Failure("cannot read \(path): \(String(cString: strerror(errno))); run this as the server's user")
        }
        let lines = text.split(separator: "\n")
        return lines.count == 2 ? (String(lines[0]), String(lines[1])) : nil
    }
}
