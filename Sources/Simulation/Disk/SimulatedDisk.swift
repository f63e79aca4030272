internal import Glibc
package import LogFiles
internal import Model
internal import Synchronization
internal import Threads

/// A disk in memory that a seed lets lose power, fill up and fail.
///
/// It keeps apart what was written and what was forced, sector by sector. A power cut at any call leaves of the rest
/// what the seed says: any sectors, torn writes, part of the changes of names in their order. Calls that wait for a
/// real disk let other threads run meanwhile.
///
/// Known simplifications: changes of names in different directories are independent of each other, and those in one
/// directory are never reordered; a file's size is either the old or the new one; renames stay within a directory.
package final class SimulatedDisk: Disk {
    package struct Faults: Sendable {
        /// The call that meets a power cut or the end of the process, counted from the last `restart`; `nil`: no end.
        package var endsAtCall: Int?
        /// The same by what it does: its name and its path, such as `"fsync /data"`.
        package var endsAt: String?
        /// Nothing can be allocated.
        package var isFull = false
        /// One in this many calls that can gets `EINTR`, or a short read or write; 0: none.
        package var interruptsOneIn = 0
        /// One in this many writes and forcings gets `EIO`; 0: none.
        package var failsOneIn = 0
        /// One in this many opens gets `EMFILE`; 0: none.
        package var refusesOneIn = 0
        /// One in this many calls of any kind gets an error that its kind can have; 0: none.
        package var failsAnyOneIn = 0
        /// One in this many forcings takes up to half a second; 0: none.
        package var isSlowOneIn = 0
        /// Forcings of files whose path contains this are left out: for a test of the checker itself.
        package var skipsForcing: String?

        package init() {}
    }

    /// What of the things that were not forced is gone after a restart.
    package enum Loss: Sendable {
        /// Nothing: the process ended, and the system still has them.
        case nothing
        /// A power cut, after which some of it is there.
        case some
        /// A power cut, after which none of it is there.
        case everything
    }

    struct State {
        var inodes: [SimulatedInode] = []
        var folders: [SimulatedFolder] = [SimulatedFolder()]
        var faults = Faults()
        /// Calls since the last restart.
        var calls = 0
        /// The process that uses the disk: files of an earlier one are dead.
        var process = 0
        var hasEnded = false
        /// `EIO` and its like were answered since the last restart.
        var errorCount = 0

        /// Every file with its path, in the order of paths.
        var files: [(path: String, inode: Int)] {
            func walk(_ folder: Int, _ path: String) -> [(path: String, inode: Int)] {
                self.folders[folder].names.sorted { $0.key < $1.key }.flatMap { name, node in
                    switch node {
                    case .file(let number): [(path: path + "/" + name, inode: number)]
                    case .folder(let number): walk(number, path + "/" + name)
                    }
                }
            }
            return walk(0, "")
        }

        mutating func lose(_ path: String) {
            guard let (folder, name) = try? SimulatedDisk.parent(of: path, self) else { return }
            self.folders[folder].lose(name)
        }
    }

    let state = Mutex(State())
    let scheduler: SimulatedScheduler
    let random: SeededRandom

    package init(seed: UInt64, on scheduler: SimulatedScheduler) {
        self.random = SeededRandom(seed: seed)
        self.scheduler = scheduler
    }

    package func set(_ change: (inout Faults) -> Void) { self.state.withLock { change(&$0.faults) } }

    /// The power was cut or the process ended: nothing that is done from now on counts.
    package var hasEnded: Bool { self.state.withLock { $0.hasEnded } }

    /// Calls since the last restart.
    package var callCount: Int { self.state.withLock { $0.calls } }

    /// Faults other than a full disk, since the last restart.
    package var errorCount: Int { self.state.withLock { $0.errorCount } }

    /// Makes every call fail from now on, as if the process had ended.
    package func end() { self.state.withLock { $0.hasEnded = true } }

    /// Makes the disk usable by the next process.
    package func restart(losing loss: Loss) {
        self.state.withLock { state in
            self.lose(loss, &state)
            for index in state.inodes.indices {
                state.inodes[index].isLocked = false
                state.inodes[index].noteStart()
            }
            state.process += 1
            state.hasEnded = false
            state.calls = 0
            state.errorCount = 0
            state.faults = Faults()
        }
        self.scheduler.note("restart losing \(loss)")
    }

    private func lose(_ loss: Loss, _ state: inout State) {
        switch loss {
        case .nothing:
            return
        case .some:
            for index in state.inodes.indices {
                // Of a file everything, nothing or some of it.
                let kind = self.random.below(3)
                state.inodes[index].losePower { kind == 0 || (kind == 1 && self.random.oneIn(2)) }
            }
            for index in state.folders.indices { state.folders[index].losePower { self.random.below($0) } }
        case .everything:
            for index in state.inodes.indices { state.inodes[index].losePower { false } }
            for index in state.folders.indices { state.folders[index].losePower { _ in 0 } }
        }
    }

    // MARK: Disk

    package func open(_ path: String, options: File.Options) throws(FileError) -> any DiskFile {
        let (number, process) = try self.call("open", path, changes: options.contains(.create)) {
            (state) throws(FileError) -> (Int, Int) in
            if self.isDue(state.faults.refusesOneIn) {
                state.errorCount += 1
                throw FileError(operation: "open", path: path, errno: EMFILE)
            }
            let (folder, name) = try Self.parent(of: path, state)
            switch state.folders[folder].names[name] {
            case .folder: throw FileError(operation: "open", path: path, errno: EISDIR)
            case .file(let number):
                if options.contains(.exclusive) { throw FileError(operation: "open", path: path, errno: EEXIST) }
                if options.contains(.truncate) { state.inodes[number].truncate(to: 0) }
                return (number, state.process)
            case nil:
                guard options.contains(.create) else {
                    throw FileError(operation: "open", path: path, errno: ENOENT)
                }
                let number = state.inodes.count
                state.inodes.append(SimulatedInode(modifiedAt: self.scheduler.wallMilliseconds))
                state.folders[folder].apply(.link(name, .file(number)))
                return (number, state.process)
            }
        }
        return SimulatedFile(disk: self, path: path, number: number, process: process, options: options)
    }

    package func makeDirectory(_ path: String) throws(FileError) {
        try self.call("mkdir", path, changes: true) { (state) throws(FileError) in
            let (folder, name) = try Self.parent(of: path, state)
            guard state.folders[folder].names[name] == nil else {
                throw FileError(operation: "mkdir", path: path, errno: EEXIST)
            }
            let number = state.folders.count
            state.folders.append(SimulatedFolder())
            state.folders[folder].apply(.link(name, .folder(number)))
        }
    }

    package func removeDirectory(_ path: String) throws(FileError) {
        try self.call("rmdir", path, changes: true) { (state) throws(FileError) in
            let number = try Self.folder(path, state)
            guard state.folders[number].names.isEmpty else {
                throw FileError(operation: "rmdir", path: path, errno: ENOTEMPTY)
            }
            let (folder, name) = try Self.parent(of: path, state)
            state.folders[folder].apply(.unlink(name))
        }
    }

    package func list(_ path: String) throws(FileError) -> [Directory.Entry] {
        try self.call("list", path) { (state) throws(FileError) in
            state.folders[try Self.folder(path, state)].names.map { name, node in
                if case .folder = node { return Directory.Entry(name: name, isDirectory: true) }
                return Directory.Entry(name: name, isDirectory: false)
            }
        }
    }

    package func status(_ path: String) throws(FileError) -> FileStatus {
        try self.call("stat", path) { (state) throws(FileError) in
            switch try Self.node(path, state) {
            case .folder: return FileStatus(sizeBytes: 4096, modifiedAt: 0, isDirectory: true)
            case .file(let number):
                let inode = state.inodes[number]
                return FileStatus(
                    sizeBytes: Int64(inode.data.count),
                    modifiedAt: inode.modifiedAt,
                    isDirectory: false
                )
            }
        }
    }

    package func rename(_ path: String, to target: String) throws(FileError) {
        try self.call("rename", path, changes: true) { (state) throws(FileError) in
            let (folder, name) = try Self.parent(of: path, state)
            let (other, newName) = try Self.parent(of: target, state)
            guard folder == other else { throw FileError(operation: "rename", path: path, errno: EXDEV) }
            _ = try Self.node(path, state)
            state.folders[folder].apply(.rename(name, to: newName))
        }
    }

    package func remove(_ path: String) throws(FileError) {
        try self.call("unlink", path, changes: true) { (state) throws(FileError) in
            guard case .file = try Self.node(path, state) else {
                throw FileError(operation: "unlink", path: path, errno: EISDIR)
            }
            let (folder, name) = try Self.parent(of: path, state)
            state.folders[folder].apply(.unlink(name))
        }
    }

    package func synchronizeDirectory(_ path: String) throws(FileError) {
        self.waitForDisk()
        try self.call("fsync", path, changes: true) { (state) throws(FileError) in
            let number = try Self.folder(path, state)
            try self.failSometimes(&state, "fsync", path)
            state.folders[number].force()
        }
    }

    package func freeBytes(_ path: String) throws(FileError) -> Int64 {
        try self.call("statvfs", path) { (state) throws(FileError) in state.faults.isFull ? 0 : 1 << 40 }
    }

    package func startSync(_ path: String) { self.scheduler.switchThreads() }

    package func raiseOpenFilesLimit() -> Int { 4096 }

    // MARK: Files

    fileprivate func read(
        _ file: SimulatedFile,
        into buffer: UnsafeMutableRawBufferPointer,
        at position: Int64
    ) throws(FileError) -> Int {
        try self.call(file, "pread") { (state) throws(FileError) in
            try self.interruptSometimes(state, "pread", file.path)
            let size = state.inodes[file.number].data.count
            var count = max(0, min(buffer.count, size - Int(position)))
            if count > 4096, self.isDue(state.faults.interruptsOneIn) { count = self.part(of: count) }
            guard count > 0 else { return 0 }
            state.inodes[file.number].data.withUnsafeBytes { bytes in
                let start = Int(position)
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)]))
            }
            return count
        }
    }

    fileprivate func write(
        _ file: SimulatedFile,
        _ bytes: UnsafeRawBufferPointer,
        at position: Int64
    ) throws(FileError) -> Int {
        let isDurable = file.options.contains(.dataSync)
        if isDurable { self.waitForDisk() }
        let start = Int(position)
        return try self.call(
            file,
            "pwrite",
            onEnd: { state in
                // Part of what is being written when the power goes may be on the disk.
                let sectors = (bytes.count + SimulatedInode.sectorBytes - 1) / SimulatedInode.sectorBytes
                let count = min(bytes.count, self.random.within(0...sectors) * SimulatedInode.sectorBytes)
                state.inodes[file.number].write(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: start)
            }
        ) { (state) throws(FileError) in
            try self.interruptSometimes(state, "pwrite", file.path)
            let grows = start + bytes.count > state.inodes[file.number].data.count
            if state.faults.isFull, grows { throw FileError(operation: "pwrite", path: file.path, errno: ENOSPC) }
            try self.failSometimes(&state, "pwrite", file.path)
            var count = bytes.count
            if count > 4096, self.isDue(state.faults.interruptsOneIn) { count = self.part(of: count) }
            state.inodes[file.number].write(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: start)
            state.inodes[file.number].modifiedAt = self.scheduler.wallMilliseconds
            if isDurable, !Self.skips(state, file.path) { state.inodes[file.number].force(start..<(start + count)) }
            return count
        }
    }

    fileprivate func resize(_ file: SimulatedFile, to size: Int64, cuts: Bool) throws(FileError) {
        try self.call(file, "resize") { (state) throws(FileError) in
            let grows = size > state.inodes[file.number].data.count
            if state.faults.isFull, grows { throw FileError(operation: "resize", path: file.path, errno: ENOSPC) }
            if cuts { state.inodes[file.number].truncate(to: Int(size)) }
            state.inodes[file.number].grow(to: Int(size))
        }
    }

    fileprivate func force(_ file: SimulatedFile) throws(FileError) {
        self.waitForDisk()
        try self.call(file, "fdatasync") { (state) throws(FileError) in
            if self.isDue(state.faults.failsOneIn) {
                state.errorCount += 1
                state.inodes[file.number].forgetDirty { self.random.oneIn(2) }
                throw FileError(operation: "fdatasync", path: file.path, errno: EIO)
            }
            if !Self.skips(state, file.path) { state.inodes[file.number].force() }
        }
    }

    fileprivate func size(_ file: SimulatedFile) throws(FileError) -> Int64 {
        try self.call(file, "fstat", changes: false) { (state) throws(FileError) in
            Int64(state.inodes[file.number].data.count)
        }
    }

    fileprivate func lock(_ file: SimulatedFile) throws(FileError) -> Bool {
        try self.call(file, "flock", changes: false) { (state) throws(FileError) in
            if state.inodes[file.number].isLocked { return false }
            state.inodes[file.number].isLocked = true
            return true
        }
    }

    fileprivate func unlock(_ file: SimulatedFile) {
        self.state.withLock { state in
            if state.process == file.process { state.inodes[file.number].isLocked = false }
        }
    }

    // MARK: Faults

    /// Lets others run, and sometimes much of the time pass.
    private func waitForDisk() {
        let oneIn = self.state.withLock { $0.faults.isSlowOneIn }
        guard self.isDue(oneIn) else { return self.scheduler.switchThreads() }
        self.scheduler.sleep(nanoseconds: Int64(self.random.within(1...500)) * 1_000_000)
    }

    /// What a call of this kind may be answered at any time; `nil`: it does not fail.
    private static func failure(of operation: String) -> [CInt]? {
        switch operation {
        case "open": [EMFILE, ENFILE, ENOMEM, EIO]
        case "mkdir", "rename", "pwrite", "resize": [EIO, ENOSPC]
        case "pread", "stat", "fstat", "list", "unlink", "rmdir", "fsync": [EIO]
        default: nil
        }
    }

    /// Whole blocks, as direct I/O does it.
    private func part(of count: Int) -> Int { 4096 * self.random.within(1...(count / 4096)) }

    private func isDue(_ oneIn: Int) -> Bool { oneIn > 0 && self.random.oneIn(oneIn) }

    private static func skips(_ state: State, _ path: String) -> Bool {
        guard let part = state.faults.skipsForcing else { return false }
        return path.contains(part)
    }

    private func interruptSometimes(_ state: State, _ operation: String, _ path: String) throws(FileError) {
        if self.isDue(state.faults.interruptsOneIn) {
            throw FileError(operation: operation, path: path, errno: EINTR)
        }
    }

    private func failSometimes(_ state: inout State, _ operation: String, _ path: String) throws(FileError) {
        guard self.isDue(state.faults.failsOneIn) else { return }
        state.errorCount += 1
        throw FileError(operation: operation, path: path, errno: EIO)
    }

    private func call<Value: Sendable>(
        _ file: SimulatedFile,
        _ operation: String,
        changes: Bool = true,
        onEnd: (inout State) -> Void = { _ in },
        _ body: (inout State) throws(FileError) -> Value
    ) throws(FileError) -> Value {
        try self.call(operation, file.path, changes: changes, onEnd: onEnd) { (state) throws(FileError) in
            guard file.process == state.process else {
                throw FileError(operation: operation, path: file.path, errno: EIO)
            }
            return try body(&state)
        }
    }

    /// Carries out a call, unless it is the one at which everything ends.
    ///
    /// - Parameter changes: whether the call changes the disk; only such calls can meet an end.
    private func call<Value: Sendable>(
        _ operation: String,
        _ path: String,
        changes: Bool = false,
        onEnd: (inout State) -> Void = { _ in },
        _ body: (inout State) throws(FileError) -> Value
    ) throws(FileError) -> Value {
        let result = self.state.withLock { state -> Result<Value, FileError> in
            let ended = FileError(operation: operation, path: path, errno: EIO)
            if state.hasEnded { return .failure(ended) }
            if changes {
                state.calls += 1
                if state.faults.endsAtCall.map({ state.calls >= $0 }) ?? false
                    || state.faults.endsAt == "\(operation) \(path)"
                {
                    onEnd(&state)
                    state.hasEnded = true
                    return .failure(ended)
                }
            }
            if self.isDue(state.faults.failsAnyOneIn), let numbers = Self.failure(of: operation) {
                let number = numbers[self.random.below(numbers.count)]
                state.errorCount += 1
                return .failure(FileError(operation: operation, path: path, errno: number))
            }
            do throws(FileError) {
                return .success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        self.scheduler.note("\(operation) \(path)")
        return try result.get()
    }

    // MARK: Paths

    fileprivate static func node(_ path: String, _ state: State) throws(FileError) -> SimulatedFolder.Node {
        var node = SimulatedFolder.Node.folder(0)
        for name in path.split(separator: "/") {
            guard case .folder(let number) = node, let next = state.folders[number].names[String(name)] else {
                throw FileError(operation: "find", path: path, errno: ENOENT)
            }
            node = next
        }
        return node
    }

    private static func folder(_ path: String, _ state: State) throws(FileError) -> Int {
        guard case .folder(let number) = try Self.node(path, state) else {
            throw FileError(operation: "find", path: path, errno: ENOTDIR)
        }
        return number
    }

    fileprivate static func parent(of path: String, _ state: State) throws(FileError) -> (folder: Int, name: String) {
        let names = path.split(separator: "/")
        guard let last = names.last else { throw FileError(operation: "find", path: path, errno: EINVAL) }
        return (try Self.folder(names.dropLast().joined(separator: "/"), state), String(last))
    }
}

/// An open file of a `SimulatedDisk`.
private final class SimulatedFile: DiskFile {
    let path: String
    let number: Int
    let process: Int
    let options: File.Options
    private let disk: SimulatedDisk
    private let hasLock = Atomic<Bool>(false)

    init(disk: SimulatedDisk, path: String, number: Int, process: Int, options: File.Options) {
        self.disk = disk
        self.path = path
        self.number = number
        self.process = process
        self.options = options
    }

    deinit { if self.hasLock.load(ordering: .relaxed) { self.disk.unlock(self) } }

    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        try self.disk.read(self, into: buffer, at: position)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(FileError) -> Int {
        try self.disk.write(self, bytes, at: position)
    }

    func write(_ vectors: UnsafeBufferPointer<iovec>, at position: Int64) throws(FileError) -> Int {
        var all: [UInt8] = []
        for vector in vectors {
            all.append(contentsOf: UnsafeRawBufferPointer(start: vector.iov_base, count: vector.iov_len))
        }
        return try all.withUnsafeBufferPointer { (bytes) throws(FileError) in
            try self.disk.write(self, UnsafeRawBufferPointer(bytes), at: position)
        }
    }

    func truncate(to size: Int64) throws(FileError) { try self.disk.resize(self, to: size, cuts: true) }

    func preallocate(from position: Int64, count: Int64) throws(FileError) {
        try self.disk.resize(self, to: position + count, cuts: false)
    }

    func reserveBlocks(from position: Int64, count: Int64) {}

    func dropFromPageCache(_ range: Range<Int64>) {}

    func readAhead(_ range: Range<Int64>) {}

    func cachedBytes(_ range: Range<Int64>) -> (all: Int64, unwritten: Int64)? { nil }

    func synchronizeData() throws(FileError) { try self.disk.force(self) }

    func size() throws(FileError) -> Int64 { try self.disk.size(self) }

    /// A shared lock excludes others here as an exclusive one does: no simulation has two inspections at once.
    func lock(isShared: Bool) throws(FileError) -> Bool {
        let isLocked = try self.disk.lock(self)
        if isLocked { self.hasLock.store(true, ordering: .relaxed) }
        return isLocked
    }

    func close() throws(FileError) {}
}
