internal import Glibc
package import NIOCore
package import NIOPosix
internal import Text

/// A directory as an object store, for trying a cluster on one machine and for tests.
///
/// Each object is a file, its name in percent encoding, so that the directory is flat. Files are forced to the disk and
/// appear whole, by a link or a rename. Parts of uploads and what is being written begin with a dot; what a crash
/// leaves of them is for nobody, and may be deleted.
package final class DirectoryObjectStore: ObjectStore {
    private static let pageEntries = 1_000

    private let path: String
    private let pool: NIOThreadPool
    private let random: @Sendable () -> UInt64

    /// - Parameters:
    ///   - path: of a directory; made when it is missing.
    ///   - pool: carries out the calls; started.
    ///   - random: for names of files that are being written.
    /// - Throws: when the directory cannot be made.
    package init(
        _ path: String,
        pool: NIOThreadPool,
        random: @escaping @Sendable () -> UInt64
    ) throws(ObjectStoreError) {
        self.path = path
        self.pool = pool
        self.random = random
        var partial = path.hasPrefix("/") ? "" : "."
        for component in path.split(separator: "/") {
            partial += "/" + component
            guard mkdir(partial, 0o750) == 0 || errno == EEXIST else { throw Self.failure("cannot make \(partial)") }
        }
        guard access(path, W_OK) == 0 else { throw Self.failure("cannot write to \(path)") }
    }

    private func run<Value: Sendable>(
        _ work: @escaping @Sendable () -> Result<Value, ObjectStoreError>
    ) async throws(ObjectStoreError) -> Value {
        let result: Result<Value, ObjectStoreError>
        do {
            result = try await self.pool.runIfActive { work() }
        } catch {
            throw ObjectStoreError(.closed, "The store was closed.")
        }
        return try result.get()
    }

    // MARK: Objects

    package func put(_ name: String, _ body: [ByteBuffer], ifAbsent: Bool) async throws(ObjectStoreError) {
        let target = try self.file(of: name)
        let temporary = self.temporaryFile()
        try await self.run {
            Result { () throws(ObjectStoreError) in
                try Self.write(body, to: temporary)
                try self.publish(temporary, as: target, name, ifAbsent: ifAbsent)
            }
        }
    }

    package func get(_ name: String, range: Range<Int>?) async throws(ObjectStoreError) -> ByteBuffer {
        let file = try self.file(of: name)
        return try await self.run {
            Result { () throws(ObjectStoreError) in try Self.read(file, name, range) }
        }
    }

    package func size(of name: String) async throws(ObjectStoreError) -> Int? {
        let file = try self.file(of: name)
        return try await self.run {
            var status = stat()
            if stat(file, &status) == 0 { return .success(Int(status.st_size)) }
            return errno == ENOENT ? .success(nil) : .failure(Self.failure("cannot look at \(name)"))
        }
    }

    package func delete(_ names: [String]) async throws(ObjectStoreError) {
        var files: [String] = []
        for name in names { files.append(try self.file(of: name)) }
        let removed = files
        try await self.run { () -> Result<Void, ObjectStoreError> in
            for file in removed where unlink(file) != 0 && errno != ENOENT {
                return .failure(Self.failure("cannot delete \(file)"))
            }
            return .success(())
        }
    }

    package func list(prefix: String, after: String) async throws(ObjectStoreError) -> ObjectPage {
        let path = self.path
        return try await self.run {
            Result { () throws(ObjectStoreError) in
                let names = try Self.fileNames(in: path).compactMap(Self.name(ofFile:))
                    .filter { $0.hasPrefix(prefix) && Array(after.utf8).lexicographicallyPrecedes(Array($0.utf8)) }
                    .sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
                var page = ObjectPage(entries: [], hasMore: names.count > Self.pageEntries)
                for name in names.prefix(Self.pageEntries) {
                    var status = stat()
                    // One that was deleted meanwhile is not there.
                    guard stat(path + "/" + Self.fileName(of: name), &status) == 0 else { continue }
                    page.entries.append(ObjectPage.Entry(name: name, size: Int(status.st_size)))
                }
                return page
            }
        }
    }

    // MARK: Uploads

    package func beginUpload(_ name: String) async throws(ObjectStoreError) -> ObjectUpload {
        _ = try self.file(of: name)
        return ObjectUpload(name: name, id: String(self.random(), radix: 16))
    }

    package func putPart(
        _ upload: ObjectUpload,
        number: Int,
        _ body: [ByteBuffer]
    ) async throws(ObjectStoreError) -> ObjectPart {
        let file = self.partFile(upload, number)
        try await self.run { Result { () throws(ObjectStoreError) in try Self.write(body, to: file) } }
        return ObjectPart(number: number, tag: "\(number)")
    }

    package func completeUpload(_ upload: ObjectUpload, _ parts: [ObjectPart]) async throws(ObjectStoreError) {
        let target = try self.file(of: upload.name)
        let temporary = self.temporaryFile()
        let files = parts.map { self.partFile(upload, $0.number) }
        try await self.run {
            Result { () throws(ObjectStoreError) in
                var bodies: [ByteBuffer] = []
                for file in files { bodies.append(try Self.read(file, upload.name, nil)) }
                try Self.write(bodies, to: temporary)
                try self.publish(temporary, as: target, upload.name, ifAbsent: false)
                for file in files { unlink(file) }
            }
        }
    }

    package func abortUpload(_ upload: ObjectUpload) async throws(ObjectStoreError) {
        let prefix = ".part-\(upload.id)-"
        let path = self.path
        try await self.run {
            Result { () throws(ObjectStoreError) in
                for file in try Self.fileNames(in: path) where file.hasPrefix(prefix) { unlink(path + "/" + file) }
            }
        }
    }

    // MARK: Files

    private func file(of name: String) throws(ObjectStoreError) -> String {
        let file = Self.fileName(of: name)
        // What a file system takes.
        guard !name.isEmpty, file.utf8.count <= 255 else {
            throw ObjectStoreError(.invalid, "An object's name has 1 to 255 bytes here.")
        }
        return self.path + "/" + file
    }

    private func temporaryFile() -> String { self.path + "/.new-" + String(self.random(), radix: 16) }

    private func partFile(_ upload: ObjectUpload, _ number: Int) -> String {
        self.path + "/.part-\(upload.id)-\(number)"
    }

    /// Letters, digits, `-` and `_` as they are, a dot unless it comes first.
    private static func fileName(of name: String) -> String {
        var file: [UInt8] = []
        for (position, byte) in name.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                file.append(byte)
            case UInt8(ascii: ".") where position > 0: file.append(byte)
            default: file += [UInt8(ascii: "%"), Hex.digit(byte >> 4), Hex.digit(byte & 0xF)]
            }
        }
        return String(decoding: file, as: UTF8.self)
    }

    /// `nil` for a file that is not an object.
    private static func name(ofFile file: String) -> String? {
        guard file.first != "." else { return nil }
        var name: [UInt8] = []
        var bytes = file.utf8.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                name.append(byte)
                continue
            }
            guard let high = bytes.next(), let low = bytes.next(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else { return nil }
            name.append(value)
        }
        return String(validating: name, as: UTF8.self)
    }

    private func publish(
        _ temporary: String,
        as target: String,
        _ name: String,
        ifAbsent: Bool
    ) throws(ObjectStoreError) {
        if ifAbsent {
            defer { unlink(temporary) }
            guard link(temporary, target) == 0 else {
                throw errno == EEXIST
                    ? ObjectStoreError(.preconditionFailed, "\(name) exists") : Self.failure("cannot write \(name)")
            }
        } else {
            guard rename(temporary, target) == 0 else {
                unlink(temporary)
                throw Self.failure("cannot write \(name)")
            }
        }
        let directory = open(self.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Self.failure("cannot open \(self.path)") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw Self.failure("cannot force \(self.path)") }
    }

    private static func write(_ body: [ByteBuffer], to file: String) throws(ObjectStoreError) {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw Self.failure("cannot make \(file)") }
        defer { close(descriptor) }
        for part in body {
            var rest = part.readableBytesView[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw Self.failure("cannot write \(file)") }
                rest = rest.dropFirst(count)
            }
        }
        guard fsync(descriptor) == 0 else { throw Self.failure("cannot force \(file)") }
    }

    private static func read(
        _ file: String,
        _ name: String,
        _ range: Range<Int>?
    ) throws(ObjectStoreError) -> ByteBuffer {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw errno == ENOENT
                ? ObjectStoreError(.notFound, "\(name) does not exist") : Self.failure("cannot open \(name)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure("cannot look at \(name)") }
        let size = Int(status.st_size)
        let wanted = range ?? 0..<size
        guard wanted.lowerBound >= 0, wanted.upperBound <= size else {
            throw ObjectStoreError(.rangeNotSatisfiable, "\(name) has \(size) bytes, not \(wanted)")
        }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(wanted.count)
        while buffer.readableBytes < wanted.count {
            let position = wanted.lowerBound + buffer.readableBytes
            var failure: Int32 = 0
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted.upperBound - position) {
                bytes in
                let count = pread(descriptor, bytes.baseAddress, wanted.upperBound - position, off_t(position))
                if count < 0 { failure = errno }
                return max(0, count)
            }
            if failure == EINTR { continue }
            guard count > 0 else { throw ObjectStoreError(.truncated, "\(name) ended early") }
        }
        return buffer
    }

    private static func fileNames(in path: String) throws(ObjectStoreError) -> [String] {
        guard let directory = opendir(path) else { throw Self.failure("cannot list \(path)") }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
            )
        }
        return names
    }

    private static func failure(_ what: String) -> ObjectStoreError {
        let reason = String(cString: strerror(errno))
        return ObjectStoreError(errno == EACCES || errno == EPERM ? .denied : .unavailable, "\(what): \(reason)")
    }
}
