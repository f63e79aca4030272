internal import Glibc

/// A directory by path. Every call blocks.
package struct Directory: Sendable {
    package struct Entry: Sendable, Equatable {
        package var name: String
        package var isDirectory: Bool
    }

    package let path: String
    package let faults: FileFaults?

    package init(_ path: String, faults: FileFaults? = nil) {
        self.path = path
        self.faults = faults
    }

    package func path(of name: String) -> String { self.path + "/" + name }

    /// The subdirectory `name`, whether it exists or not.
    package func directory(_ name: String) -> Directory {
        Directory(self.path(of: name), faults: self.faults)
    }

    /// Opens a file in this directory. A created file's name is durable only after `synchronize()`.
    package func open(_ name: String, options: File.Options = []) throws(FileError) -> File {
        try File.open(self.path(of: name), options: options, faults: self.faults)
    }

    /// Creates the directory and its missing ancestors (mode 0750) and makes their names durable.
    ///
    /// - Returns: whether it was created; `false` when it was there.
    @discardableResult
    package func create() throws(FileError) -> Bool {
        if mkdir(self.path, 0o750) == 0 {
            try self.parent.synchronize()
            return true
        }
        switch Glibc.errno {
        case EEXIST:
            guard self.isDirectory else {
                throw FileError(operation: "mkdir", path: self.path, errno: ENOTDIR)
            }
            return false
        case ENOENT where self.parent.path != self.path:
            try self.parent.create()
            return try self.create()
        default:
            throw FileError("mkdir", self.path)
        }
    }

    /// Whether a directory is there.
    package var isDirectory: Bool {
        var status = stat()
        return stat(self.path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private var parent: Directory {
        let bytes = Array(self.path.utf8)
        guard let slash = bytes.dropLast().lastIndex(of: UInt8(ascii: "/")) else {
            return Directory(self.path.hasPrefix("/") ? "/" : ".", faults: self.faults)
        }
        let text = String(decoding: bytes[..<max(slash, 1)], as: UTF8.self)
        return Directory(text, faults: self.faults)
    }

    /// Everything in the directory but `.` and `..`, sorted by name.
    package func entries() throws(FileError) -> [Entry] {
        guard let stream = opendir(self.path) else { throw FileError("opendir", self.path) }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while true {
            Glibc.errno = 0
            guard let entry = readdir(stream) else {
                if Glibc.errno != 0 { throw FileError("readdir", self.path) }
                break
            }
            // The name is read in place: the system cuts the record after it, so copying the struct would overrun.
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name == "." || name == ".." { continue }
            let isDirectory: Bool
            switch Int32(entry.pointee.d_type) {
            case Int32(DT_DIR): isDirectory = true
            case Int32(DT_UNKNOWN): isDirectory = self.directory(name).isDirectory
            default: isDirectory = false
            }
            entries.append(Entry(name: name, isDirectory: isDirectory))
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// Makes this directory's own name durable.
    package func synchronizeName() throws(FileError) { try self.parent.synchronize() }

    /// `fsync` of the directory: names created, renamed and removed in it are durable when this returns.
    package func synchronize() throws(FileError) {
        if let error = self.faults?.syncError(path: self.path) {
            throw FileError(operation: "fsync", path: self.path, errno: error)
        }
        let descriptor = Glibc.open(self.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", self.path) }
        defer { _ = Glibc.close(descriptor) }
        while fsync(descriptor) != 0 {
            // Some file systems cannot fsync a directory and say EINVAL; they order names themselves.
            if Glibc.errno == EINVAL { return }
            if Glibc.errno != EINTR { throw FileError("fsync", self.path) }
        }
    }
}

extension Directory {
    /// Replaces the contents of `name` so that a crash leaves either the old or the new ones: writes
    /// `name.tmp`, forces it, renames it, forces the directory.
    package func replace(_ name: String, with bytes: some Collection<UInt8>) throws(FileError) {
        let temporary = name + ".tmp"
        let file = try self.open(temporary, options: [.write, .create, .truncate])
        do throws(FileError) {
            let contents = Array(bytes)
            try contents.withUnsafeBufferPointer { (bytes) throws(FileError) in
                try file.write(UnsafeRawBufferPointer(bytes), at: 0)
            }
            try file.synchronizeData()
            try file.close()
            try self.rename(temporary, to: name)
        } catch {
            _ = unlink(self.path(of: temporary))
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
        guard Glibc.rename(self.path(of: name), self.path(of: target)) == 0 else {
            throw FileError("rename", self.path(of: name))
        }
    }

    /// Removes a file. Durable only after `synchronize()`.
    ///
    /// - Returns: whether it was there.
    @discardableResult
    package func remove(_ name: String) throws(FileError) -> Bool {
        if unlink(self.path(of: name)) == 0 { return true }
        if Glibc.errno == ENOENT { return false }
        throw FileError("unlink", self.path(of: name))
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
        if rmdir(self.path) != 0 && Glibc.errno != ENOENT { throw FileError("rmdir", self.path) }
    }

    /// Bytes that this process may still write to the file system.
    package func freeBytes() throws(FileError) -> Int64 {
        var status = statvfs()
        guard statvfs(self.path, &status) == 0 else { throw FileError("statvfs", self.path) }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : Int64(clamping: bytes)
    }
}
