internal import Glibc
internal import NIOCore

/// A directory by path. Every call blocks.
package struct Directory: Sendable {
    package struct Entry: Sendable, Equatable {
        package var name: String
        package var isDirectory: Bool

        package init(name: String, isDirectory: Bool) {
            self.name = name
            self.isDirectory = isDirectory
        }
    }

    package let path: String
    package let disk: any Disk

    package init(_ path: String, on disk: any Disk = SystemDisk.shared) {
        self.path = path
        self.disk = disk
    }

    package func path(of name: String) -> String { self.path + "/" + name }

    /// The subdirectory `name`, whether it exists or not.
    package func directory(_ name: String) -> Directory {
        Directory(self.path(of: name), on: self.disk)
    }

    /// Opens a file in this directory. A created file's name is durable only after `synchronize()`.
    package func open(_ name: String, options: File.Options = []) throws(FileError) -> File {
        try File.open(self.path(of: name), options: options, on: self.disk)
    }

    /// Creates the directory and its missing ancestors (mode 0750) and makes their names durable.
    ///
    /// - Returns: whether it was created; `false` when it was there.
    @discardableResult
    package func create() throws(FileError) -> Bool {
        do throws(FileError) {
            try self.disk.makeDirectory(self.path)
        } catch {
            switch error.errno {
            case EEXIST:
                guard try self.isDirectory() else {
                    throw FileError(operation: "mkdir", path: self.path, errno: ENOTDIR)
                }
                return false
            case ENOENT where self.parent.path != self.path:
                try self.parent.create()
                // Once: in a place such as /proc it stays missing.
                try self.disk.makeDirectory(self.path)
            default:
                throw error
            }
        }
        try self.parent.synchronize()
        return true
    }

    /// Creates this directory alone, without forcing its name; an existing one is fine.
    package func make() throws(FileError) {
        do throws(FileError) {
            try self.disk.makeDirectory(self.path)
        } catch {
            guard error.errno == EEXIST else { throw error }
        }
    }

    /// Whether a directory is there. Throws when that cannot be told, which is not the same as its absence.
    package func isDirectory() throws(FileError) -> Bool {
        try Self.status(self.path, on: self.disk)?.isDirectory ?? false
    }

    /// What the system says about a file of this directory; `nil` when there is none.
    package func status(of name: String) throws(FileError) -> FileStatus? {
        try Self.status(self.path(of: name), on: self.disk)
    }

    private static func status(_ path: String, on disk: any Disk) throws(FileError) -> FileStatus? {
        do throws(FileError) {
            return try File.repeating { () throws(FileError) in try disk.status(path) }
        } catch {
            if error.isNotFound || error.errno == ENOTDIR { return nil }
            throw error
        }
    }

    private var parent: Directory {
        let bytes = Array(self.path.utf8)
        guard let slash = bytes.dropLast().lastIndex(of: UInt8(ascii: "/")) else {
            return Directory(self.path.hasPrefix("/") ? "/" : ".", on: self.disk)
        }
        let text = String(decoding: bytes[..<max(slash, 1)], as: UTF8.self)
        return Directory(text, on: self.disk)
    }

    /// Everything in the directory but `.` and `..`, sorted by name.
    package func entries() throws(FileError) -> [Entry] {
        let entries = try File.repeating { () throws(FileError) in try self.disk.list(self.path) }
        return entries.sorted { $0.name < $1.name }
    }

    /// Makes this directory's own name durable.
    package func synchronizeName() throws(FileError) { try self.parent.synchronize() }

    /// `fsync` of the directory: names created, renamed and removed in it are durable when this returns.
    package func synchronize() throws(FileError) {
        do throws(FileError) {
            try File.repeating { () throws(FileError) in try self.disk.synchronizeDirectory(self.path) }
        } catch {
            // Some file systems cannot fsync a directory and say EINVAL; they order names themselves.
            guard error.isInvalid else { throw error }
        }
    }

    /// See `Disk.startSync`.
    package func startSync() { self.disk.startSync(self.path) }
}

extension Directory {
    /// Replaces the contents of `name` so that a crash leaves either the old or the new ones: writes
    /// `name.tmp`, forces it, renames it, forces the directory.
    package func replace(_ name: String, with bytes: some Collection<UInt8>) throws(FileError) {
        try self.replace([(name, Array(bytes))])
    }

    /// Replaces several files, each as above, and forces the directory once. The first gets its name first.
    package func replace(_ files: [(name: String, bytes: [UInt8])]) throws(FileError) {
        do throws(FileError) {
            for (name, bytes) in files {
                let file = try self.open(name + ".tmp", options: [.write, .create, .truncate])
                try bytes.withUnsafeBufferPointer { (bytes) throws(FileError) in
                    try file.write(UnsafeRawBufferPointer(bytes), at: 0)
                }
                try file.synchronizeData()
                try file.close()
            }
            for (name, _) in files { try self.rename(name + ".tmp", to: name) }
        } catch {
            for (name, _) in files { _ = try? self.disk.remove(self.path(of: name + ".tmp")) }
            throw error
        }
        try self.synchronize()
    }

    /// Writes a small file from its start, without forcing it. Cut off by a crash it is empty or has a part.
    package func write(_ name: String, _ bytes: [UInt8]) throws(FileError) {
        let file = try self.open(name, options: [.write, .create, .truncate])
        try bytes.withUnsafeBufferPointer { (bytes) throws(FileError) in
            try file.write(UnsafeRawBufferPointer(bytes), at: 0)
        }
    }

    /// Copies bytes of an open file to `name`, which is forced; its name is durable after `synchronize`.
    package func copy(from file: File, _ bytes: Range<Int64>, to name: String) throws(FileError) {
        let target = try self.open(name, options: [.write, .create, .truncate])
        var position = bytes.lowerBound
        while position < bytes.upperBound {
            var piece = ByteBuffer()
            let count = Int(min(1 << 20, bytes.upperBound - position))
            guard try file.read(into: &piece, count: count, at: position) > 0 else { break }
            let written = try target.write([piece], at: position - bytes.lowerBound)
            position += Int64(written)
        }
        try target.synchronizeData()
    }

    /// The whole contents of a small file, or `nil` when there is none.
    ///
    /// - Throws: `FileError`; `EFBIG` when the file is larger than `bytesMax`.
    package func contents(of name: String, bytesMax: Int) throws(FileError) -> [UInt8]? {
        let file: File
        do throws(FileError) {
            file = try self.open(name)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
        let size = try file.size()
        guard size <= Int64(bytesMax) else {
            throw FileError(operation: "read", path: file.path, errno: EFBIG)
        }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let count = try bytes.withUnsafeMutableBufferPointer { (buffer) throws(FileError) in
            try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: 0)
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Renames within this directory, replacing `target`. Durable only after `synchronize()`.
    package func rename(_ name: String, to target: String) throws(FileError) {
        try self.disk.rename(self.path(of: name), to: self.path(of: target))
    }

    /// Removes a file. Durable only after `synchronize()`.
    ///
    /// - Returns: whether it was there.
    @discardableResult
    package func remove(_ name: String) throws(FileError) -> Bool {
        do throws(FileError) {
            try self.disk.remove(self.path(of: name))
            return true
        } catch {
            if error.isNotFound { return false }
            throw error
        }
    }

    /// Removes this directory with everything in it; symbolic links are removed, not followed. A missing one is fine.
    package func removeTree() throws(FileError) {
        let entries: [Entry]
        do throws(FileError) {
            entries = try self.entries()
        } catch {
            if error.isNotFound { return }
            throw error
        }
        for entry in entries {
            if entry.isDirectory {
                try self.directory(entry.name).removeTree()
            } else {
                try self.remove(entry.name)
            }
        }
        do throws(FileError) {
            try self.disk.removeDirectory(self.path)
        } catch {
            guard error.isNotFound else { throw error }
        }
    }

    /// Bytes that this process may still write to the file system.
    package func freeBytes() throws(FileError) -> Int64 {
        try self.disk.freeBytes(self.path)
    }
}
