import NIOCore
import Simulation
import Synchronization
import Testing
import Threads

@testable import LogFiles

@Suite(.timeLimit(.minutes(20)))
struct FilesTests {
    @Test func `many buffers are written back to back in spite of short writes`() throws {
        var rules = FaultyDisk.Rules()
        rules.writeBytesMax = 7
        let scratch = try ScratchDirectory(on: FaultyDisk(rules))
        let file = try scratch.directory.open("data", options: [.write, .create])
        let buffers = (0..<600).map { ByteBuffer(repeating: UInt8(truncatingIfNeeded: $0), count: $0 % 23) }
        let expected = buffers.flatMap { Array($0.readableBytesView) }
        #expect(try file.write(buffers, at: 5) == expected.count)
        var read = ByteBuffer()
        #expect(try file.read(into: &read, count: expected.count + 100, at: 5) == expected.count)
        #expect(Array(read.readableBytesView) == expected)
    }

    @Test func `a full disk and a failed sync are told apart`() throws {
        let faults = FaultyDisk()
        let scratch = try ScratchDirectory(on: faults)
        let file = try scratch.directory.open("data", options: [.write, .create])
        faults.set { $0.bytesFree = 3 }
        let full = #expect(throws: FileError.self) { try file.write([ByteBuffer(string: "12345")], at: 0) }
        #expect(full?.isDiskFull == true)
        faults.set { $0.syncError = 5 }
        let sync = #expect(throws: FileError.self) { try file.synchronizeData() }
        #expect(sync?.isDiskFull == false)
    }

    @Test func `replacing keeps the old contents when it fails`() throws {
        let faults = FaultyDisk()
        let scratch = try ScratchDirectory(on: faults)
        try scratch.directory.replace("checkpoint", with: Array("old".utf8))
        faults.set { $0.bytesFree = 1 }
        #expect(throws: FileError.self) { try scratch.directory.replace("checkpoint", with: Array("new".utf8)) }
        #expect(try scratch.directory.contents(of: "checkpoint", bytesMax: 10) == Array("old".utf8))
        faults.set { $0.bytesFree = nil }
        try scratch.directory.replace("checkpoint", with: Array("new".utf8))
        #expect(try scratch.directory.contents(of: "checkpoint", bytesMax: 10) == Array("new".utf8))
        #expect(try scratch.directory.entries().map(\.name) == ["checkpoint"])
        #expect(try scratch.directory.contents(of: "none", bytesMax: 10) == nil)
        #expect(throws: FileError.self) { try scratch.directory.contents(of: "checkpoint", bytesMax: 2) }
    }

    @Test func `a locked directory names its holder and is free again afterwards`() throws {
        let scratch = try ScratchDirectory()
        var lock: DirectoryLock? = try DirectoryLock.acquire(in: scratch.directory)
        let failure = #expect(throws: DirectoryLock.Failure.self) {
            try DirectoryLock.acquire(in: scratch.directory)
        }
        #expect(failure?.description.contains("is in use by process ") == true)
        withExtendedLifetime(lock) {}
        lock = nil
        _ = try DirectoryLock.acquire(in: scratch.directory)
    }

    @Test func `trees are created, listed and removed`() throws {
        let scratch = try ScratchDirectory()
        let deep = scratch.directory.directory("a").directory("b").directory("c")
        #expect(try deep.create())
        #expect(try deep.create() == false)
        _ = try deep.open("file", options: [.write, .create])
        #expect(
            try scratch.directory.entries() == [Directory.Entry(name: "a", isDirectory: true)]
        )
        try scratch.directory.directory("a").removeTree()
        try scratch.directory.directory("a").removeTree()
        #expect(try scratch.directory.entries() == [])
        #expect(try scratch.directory.freeBytes() > 0)
    }

    @Test func `an I/O thread hands over everything queued at once, in order, and drains on shutdown`() {
        let batches = Mutex<[[Int]]>([])
        let entered = Semaphore()
        let gate = Semaphore()
        let thread = IOThread<Int>(name: "test", capacity: 5) { jobs in
            batches.withLock { $0.append(jobs) }
            entered.signal()
            gate.wait()
        }
        #expect(thread.submit(0))
        entered.wait()
        #expect((1...5).allSatisfy { thread.submit($0) })
        #expect(!thread.submit(6))
        #expect(thread.depth == 5)
        gate.signal()
        gate.signal()
        thread.shutdown()
        #expect(batches.withLock { $0 } == [[0], [1, 2, 3, 4, 5]])
        #expect(!thread.submit(7))
    }

    @Test func `draining waits for what was accepted, however full the queue is`() {
        let finished = Mutex<[Int]>([])
        let entered = Semaphore()
        let gate = Semaphore()
        let thread = IOThread<Int>(name: "test", capacity: 1) { jobs in
            entered.signal()
            gate.wait()
            finished.withLock { $0 += jobs }
        }
        #expect(thread.submit(0))
        entered.wait()
        #expect(thread.submit(1))
        #expect(!thread.submit(2))
        let drainer = NamedThread(name: "drainer") {
            thread.drain()
            finished.withLock { $0.append(100) }
        }
        gate.signal()
        entered.wait()
        gate.signal()
        drainer.join()
        #expect(finished.withLock { $0 } == [0, 1, 100])
        thread.drain()
        thread.shutdown()
        thread.drain()
    }

    @Test func `a place where no directory can be made is refused and not tried for ever`() {
        let missing = Directory("/proc/none/deep/er")
        let error = #expect(throws: FileError.self) { try missing.create() }
        #expect(error?.isNotFound == true)
    }

    @Test func `a semaphore's wait ends in time`() {
        let semaphore = Semaphore()
        #expect(!semaphore.wait(nanosecondsMax: 1_000_000))
        semaphore.signal()
        #expect(semaphore.wait(nanosecondsMax: 1_000_000_000))
    }

    @Test(arguments: [1, 4096, 2 << 20, (4 << 20) + 1])
    func `an aligned buffer has what was asked for, a large one in huge pages`(byteCount: Int) {
        let buffer = AlignedBuffer(byteCount: byteCount)
        #expect(buffer.bytes.count >= byteCount && buffer.bytes.count % 4096 == 0)
        let boundary: UInt = byteCount >= 2 << 20 ? 2 << 20 : 4096
        #expect(UInt(bitPattern: buffer.bytes.baseAddress) % boundary == 0)
        buffer.bytes.initializeMemory(as: UInt8.self, repeating: 7)
        #expect(buffer.bytes.last == 7)
    }
}
