internal import CommandCore
internal import FoundationEssentials
internal import Glibc
internal import Yams

/// `profiles.yaml` in the user's configuration directory (XDG), readable by the user alone.
///
/// ```
/// current: local
/// profiles:
///   local:
///     bootstrap: 127.0.0.1:9092
/// ```
struct ProfileFile {
    let path: String

    static var standard: ProfileFile {
        let environment = ProcessInfo.processInfo.environment
        let root: String
        if let directory = environment["XDG_CONFIG_HOME"], directory.hasPrefix("/") {
            root = directory
        } else {
            root = (environment["HOME"] ?? "/") + "/.config"
        }
        return ProfileFile(path: root + "/millrace/profiles.yaml")
    }

    private struct Contents: Codable {
        var current: String?
        var profiles: [String: [String: String]]?
    }

    /// A file that is missing has no profiles.
    ///
    /// - Throws: `OptionError`, `Failure`.
    func read() throws -> ProfileBook {
        guard let data = FileManager.default.contents(atPath: self.path) else { return ProfileBook() }
        let book = try self.parse(data)
        let attributes = try? FileManager.default.attributesOfItem(atPath: self.path)
        if book.hasSecrets, let mode = attributes?[.posixPermissions] as? Int, mode & 0o077 != 0 {
            throw Failure("\(self.path) has secrets and others can read it: chmod 600 \(self.path)")
        }
        return book
    }

    func parse(_ data: Data) throws -> ProfileBook {
        let contents: Contents
        do {
            guard let text = String(validating: data, as: UTF8.self) else { throw Failure("it is not UTF-8") }
            // An empty file is not a mapping, which the decoder refuses.
            contents =
                text.allSatisfy(\.isWhitespace) ? Contents() : try YAMLDecoder().decode(Contents.self, from: text)
        } catch {
            throw Failure("\(self.path) is not a file of profiles: \(error)")
        }
        do throws(OptionError) {
            return try ProfileBook(entries: contents.profiles ?? [:], current: contents.current)
        } catch {
            throw OptionError("\(self.path): \(error)")
        }
    }

    /// Replaces the file as a whole, with mode 0600 from its first byte on.
    func write(_ book: ProfileBook) throws {
        var profiles: [String: [String: String]] = [:]
        for (name, profile) in book.profiles {
            profiles[name] = Dictionary(profile.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { $1 })
        }
        let encoder = YAMLEncoder()
        encoder.options.sortKeys = true
        try self.write(text: try encoder.encode(Contents(current: book.current, profiles: profiles)))
    }

    func write(text: String) throws {
        let directory = self.path.split(separator: "/").dropLast().joined(separator: "/")
        do {
            try FileManager.default.createDirectory(
                atPath: "/" + directory,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw Failure("/\(directory) cannot be made: \(error)")
        }
        let temporary = "\(self.path).\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw self.failure("cannot be written") }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        let isWhole = rest.isEmpty && fsync(descriptor) == 0
        close(descriptor)
        guard isWhole, rename(temporary, self.path) == 0 else {
            let failure = self.failure("cannot be written")
            unlink(temporary)
            throw failure
        }
    }

    private func failure(_ what: String) -> Failure {
        Failure("\(self.path) \(what): \(String(cString: strerror(errno)))")
    }
}
