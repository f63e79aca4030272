import Simulation
import Testing
import Threads

@testable import LogFiles

@Suite(.timeLimit(.minutes(20)))
struct JournalFailureTests {
    // EIO and ENOSPC, without a Glibc import for two numbers.
    private let inputOutputError: Int32 = 5

    @Test func `a full disk refuses until the owner resumes, and what was acknowledged stays`() throws {
        let faults = FaultyDisk()
        let scratch = try ScratchDirectory(on: faults)
        let fixture = try JournalFixture(scratch.directory)
        fixture.write(0, bytes: 50_000)
        // The second file does not fit any more.
        faults.set { $0.bytesFree = 60_000 }
        let owner = FakeOwner()
        #expect(fixture.journal.append(JournalFixture.entry(1, bytes: 50_000, owner: owner)) == .queued)
        fixture.wait(entries: 1)
        guard case .diskFull = fixture.rounds.last?.error else {
            Issue.record("expected a full disk, got \(String(describing: fixture.rounds.last?.error))")
            return
        }
        #expect(fixture.journal.failure == nil && fixture.journal.queuedBytes == 0)
        #expect(fixture.journal.append(JournalFixture.entry(2, owner: owner)) == .diskFull)
        // Others may still use what the current file has left.
        fixture.write(3)
        #expect(fixture.rounds.last?.error == nil)
        faults.set { $0.bytesFree = nil }
        #expect(fixture.journal.append(JournalFixture.entry(2, owner: owner)) == .diskFull)
        fixture.journal.resume(owner)
        #expect(fixture.journal.append(JournalFixture.entry(1, bytes: 50_000, owner: owner)) == .queued)
        fixture.wait(entries: 1)
        #expect(fixture.rounds.last?.error == nil)
        fixture.journal.close()
        let replayed = try Replayed.of(scratch.directory)
        #expect(replayed.offsets == [0, 3, 1])
        #expect(replayed.isIntact && replayed.lost == [])
    }

    @Test func `a journal opens on a full disk`() throws {
        let scratch = try ScratchDirectory()
        let first = try JournalFixture(scratch.directory)
        first.write(0)
        first.journal.close()
        var rules = FaultyDisk.Rules()
        rules.bytesFree = 0
        let full = Directory(scratch.directory.path, on: FaultyDisk(rules))
        #expect(try Replayed.of(full).offsets == [0])
    }

    @Test func `everything queued behind a full disk is refused with it`() throws {
        let faults = FaultyDisk()
        let scratch = try ScratchDirectory(on: faults)
        let fixture = try JournalFixture(scratch.directory)
        fixture.write(0, bytes: 30_000)
        let entered = Semaphore()
        let gate = Semaphore()
        faults.set {
            $0.bytesFree = 50_000
            $0.beforeWrite = { _, _ in
                entered.signal()
                gate.wait()
            }
        }
        #expect(fixture.journal.append(JournalFixture.entry(1, bytes: 12_000)) == .queued)
        entered.wait()
        let owner = FakeOwner()
        for offset in Int64(2)..<12 {
            #expect(fixture.journal.append(JournalFixture.entry(offset, bytes: 12_000, owner: owner)) == .queued)
        }
        faults.set { $0.beforeWrite = nil }
        gate.signal()
        fixture.wait(entries: 11)
        let answers = fixture.rounds.flatMap { round in round.entries.map { ($0.baseOffset, round.error == nil) } }
        #expect(answers.map(\.0) == Array(0..<12))
        // Once one was refused, none that follows is acknowledged.
        let firstRefused = try #require(answers.firstIndex { !$0.1 })
        #expect(answers[firstRefused...].allSatisfy { !$0.1 })
        fixture.journal.close()
        #expect(try Replayed.of(scratch.directory).offsets == answers.filter(\.1).map(\.0))
    }

    @Test(arguments: [true, false])
    func `a failed write or sync is final`(usesDirect: Bool) throws {
        let faults = FaultyDisk()
        let scratch = try ScratchDirectory(on: faults)
        let settings = JournalFixture.settings { $0.usesDirect = usesDirect }
        let fixture = try JournalFixture(scratch.directory, settings: settings)
        fixture.write(0)
        let error = self.inputOutputError
        faults.set { if usesDirect { $0.writeError = error } else { $0.syncError = error } }
        fixture.write(1)
        guard case .storage(let reason) = fixture.rounds.last?.error else {
            Issue.record("expected a storage error")
            return
        }
        #expect(reason.errno == error)
        faults.set {
            $0.writeError = nil
            $0.syncError = nil
        }
        #expect(fixture.journal.append(JournalFixture.entry(2)) == .failed)
        #expect(fixture.journal.failure == .storage(reason))
        fixture.journal.close()
        #expect(try Replayed.of(scratch.directory).offsets.first == 0)
    }

    @Test func `a file system without O_DIRECT is written and synced`() throws {
        var rules = FaultyDisk.Rules()
        rules.refusesDirect = true
        let faults = FaultyDisk(rules)
        let scratch = try ScratchDirectory(on: faults)
        let fixture = try JournalFixture(scratch.directory)
        fixture.write(0)
        let syncs = faults.counts.syncs
        fixture.write(1)
        #expect(faults.counts.syncs == syncs + 1)
        fixture.journal.close()
        #expect(try Replayed.of(scratch.directory).offsets == [0, 1])
    }

    @Test func `short writes are completed`() throws {
        var rules = FaultyDisk.Rules()
        // Not a multiple of a block, so only the path without O_DIRECT can be cut like this.
        rules.refusesDirect = true
        rules.writeBytesMax = 1000
        let scratch = try ScratchDirectory(on: FaultyDisk(rules))
        let fixture = try JournalFixture(scratch.directory)
        fixture.write(0, bytes: 10_000)
        fixture.journal.close()
        let replayed = try Replayed.of(Directory(scratch.directory.path))
        #expect(replayed.offsets == [0] && replayed.isIntact)
    }
}
