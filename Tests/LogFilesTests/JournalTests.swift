import Simulation
import Synchronization
import Testing
import Threads

@testable import LogFiles

@Suite(.timeLimit(.minutes(20)))
struct JournalTests {
    @Test func `an empty directory opens without creating a file and replays nothing`() throws {
        let scratch = try ScratchDirectory()
        let fixture = try JournalFixture(scratch.directory.directory("journal"))
        #expect(fixture.replay.isEmpty)
        #expect(try Replayed(fixture.replay).offsets == [])
        #expect(try scratch.directory.directory("journal").entries() == [])
        #expect(fixture.journal.end == JournalPosition(round: 1))
        #expect(fixture.journal.usedBytes == 0)
        fixture.journal.close()
        #expect(try scratch.directory.directory("journal").entries() == [])
        #expect(fixture.journal.append(JournalFixture.entry(0)) == .closed)
    }

    @Test func `entries are answered and replayed in the order of their appends`() throws {
        let scratch = try ScratchDirectory()
        // Room for a round of its own for each entry: a busy machine may write them one by one.
        let fixture = try JournalFixture(
            scratch.directory,
            settings: JournalFixture.settings { $0.fileCountMax = 64 }
        )
        for offset in 0..<300 {
            #expect(fixture.journal.append(JournalFixture.entry(Int64(offset), bytes: 61 + offset)) == .queued)
        }
        fixture.wait(entries: 300)
        #expect(fixture.rounds.flatMap { $0.entries.map(\.baseOffset) } == Array(0..<300))
        #expect(fixture.rounds.allSatisfy { $0.error == nil })
        #expect(zip(fixture.rounds, fixture.rounds.dropFirst()).allSatisfy { $0.end == $1.position })
        #expect(fixture.journal.queuedBytes == 0)
        fixture.journal.close()
        let replayed = try Replayed.of(scratch.directory)
        #expect(replayed.offsets == Array(0..<300))
        #expect(replayed.isIntact && replayed.lost == [])
    }

    @Test func `entries that come while a write is in flight share the next write`() throws {
        let faults = FaultyDisk()
        let scratch = try ScratchDirectory(on: faults)
        let fixture = try JournalFixture(scratch.directory)
        fixture.write(0)
        let before = faults.counts.writes
        let entered = Semaphore()
        let gate = Semaphore()
        faults.set {
            $0.beforeWrite = { _, _ in
                entered.signal()
                gate.wait()
            }
        }
        #expect(fixture.journal.append(JournalFixture.entry(1)) == .queued)
        entered.wait()
        for offset in 2..<102 {
            #expect(fixture.journal.append(JournalFixture.entry(Int64(offset), bytes: 62)) == .queued)
        }
        faults.set { $0.beforeWrite = nil }
        gate.signal()
        fixture.wait(entries: 101)
        #expect(fixture.rounds.map(\.entries.count) == [1, 1, 100])
        #expect(faults.counts.writes - before == 2)
        fixture.journal.close()
        #expect(try Replayed.of(scratch.directory).offsets == Array(0..<102))
    }

    @Test func `the ring wraps, stays within its files and never replays what it recycled`() throws {
        let scratch = try ScratchDirectory()
        var next: Int64 = 0
        for session in 0..<6 {
            let fixture = try JournalFixture(scratch.directory)
            let replayed = try Replayed(fixture.replay)
            // The session before recycled all but its last three rounds.
            #expect(replayed.offsets == (session == 0 ? [] : Array((next - 3)..<next)))
            #expect(replayed.isIntact && replayed.lost == [])
            fixture.journal.recycle(before: fixture.journal.end)
            #expect(fixture.journal.usedBytes == 0)
            for _ in 0..<60 {
                fixture.write(next, bytes: 5000)
                next += 1
                guard let round = fixture.rounds.last, round.position.round > 3 else { continue }
                fixture.journal.recycle(before: JournalPosition(round: round.position.round - 2))
            }
            #expect(fixture.journal.usedBytes <= 2 * 64 << 10)
            fixture.journal.close()
            #expect(try scratch.directory.entries().count <= 4)
        }
    }

    @Test func `numbering continues after a restart`() throws {
        let scratch = try ScratchDirectory()
        for session in 0..<3 {
            let fixture = try JournalFixture(scratch.directory)
            #expect(fixture.journal.end == JournalPosition(round: UInt64(session + 1)))
            fixture.write(Int64(session))
            fixture.journal.close()
        }
        #expect(try Replayed.of(scratch.directory).offsets == [0, 1, 2])
    }

    @Test func `after a checkpoint and a clean close nothing is replayed`() throws {
        let scratch = try ScratchDirectory()
        let first = try JournalFixture(scratch.directory)
        first.write(0)
        first.journal.recycle(before: first.journal.end)
        first.journal.close()
        let second = try JournalFixture(scratch.directory)
        #expect(second.replay.isEmpty)
        second.journal.close()
        // The same when the session wrote nothing itself and only recycled what it replayed.
        let third = try JournalFixture(scratch.directory)
        third.write(1)
        third.journal.close()
        let fourth = try JournalFixture(scratch.directory)
        #expect(try Replayed(fourth.replay).offsets == [1])
        fourth.journal.recycle(before: fourth.journal.end)
        fourth.journal.close()
        let last = try Replayed.of(scratch.directory)
        #expect(last.offsets == [])
    }

    @Test func `an entry larger than a round gets a write of its own`() throws {
        let scratch = try ScratchDirectory()
        let fixture = try JournalFixture(scratch.directory)
        fixture.write(0, bytes: 50_000)
        fixture.write(1, bytes: fixture.journal.entryBytesMax)
        let tooLarge = JournalFixture.entry(2, bytes: fixture.journal.entryBytesMax + 1)
        #expect(fixture.journal.append(tooLarge) == .tooLarge)
        fixture.journal.close()
        let replayed = try Replayed.of(scratch.directory)
        #expect(replayed.offsets == [0, 1])
        #expect(replayed.isIntact)
    }

    @Test func `a file of never-written blocks is left once a written one is ready`() throws {
        let scratch = try ScratchDirectory()
        let settings = JournalFixture.settings {
            $0.fileBytes = 1 << 20
            $0.prepareAfterBytes = 8192
        }
        let fixture = try JournalFixture(scratch.directory, settings: settings)
        var offset: Int64 = 0
        // Far fewer rounds than fill the first file, unless preparing takes for ever.
        while try scratch.directory.entries().count < 2 || fixture.journal.ring.hasWrittenFree || offset < 4 {
            fixture.write(offset)
            fixture.journal.recycle(before: fixture.journal.end)
            offset += 1
        }
        let last = offset
        fixture.write(last)
        fixture.journal.close()
        let replayed = try Replayed.of(scratch.directory, settings: settings)
        #expect(replayed.offsets == [last])
    }

    @Test func `a full ring refuses at its bound, asks for a checkpoint and resumes after it`() throws {
        let scratch = try ScratchDirectory()
        let settings = JournalFixture.settings {
            $0.fileCountMax = 2
            $0.queueBytesMax = 40_000
        }
        let fixture = try JournalFixture(scratch.directory, settings: settings)
        var queued = 0
        // Two files hold at most 2 × 15 blocks of rounds; the queue holds ten entries more.
        while fixture.journal.append(JournalFixture.entry(Int64(queued), bytes: 3900)) == .queued {
            queued += 1
            // Until the ring is full the writer keeps up, so that only a full ring can refuse.
            if queued <= 28 { fixture.wait(entries: 1) }
        }
        #expect(fixture.journal.append(JournalFixture.entry(1000, bytes: 3900)) == .overloaded)
        let answered = fixture.rounds.reduce(0) { $0 + $1.entries.count }
        #expect(answered >= 28 && answered < queued)
        // Once when more than half of the files were in use, once when a round had to wait.
        fixture.waitForCheckpointRequest()
        fixture.waitForCheckpointRequest()
        fixture.journal.recycle(before: JournalPosition(round: fixture.rounds.last?.end.round ?? 0))
        fixture.wait(entries: queued - 28)
        #expect(fixture.rounds.flatMap { $0.entries.map(\.baseOffset) } == (0..<Int64(queued)).map { $0 })
        fixture.journal.close()
        let replayed = try Replayed.of(scratch.directory, settings: settings)
        #expect(replayed.lost == [])
        #expect(replayed.offsets.last == Int64(queued - 1))
    }

    @Test func `closing a full ring answers what cannot be written`() throws {
        let scratch = try ScratchDirectory()
        let settings = JournalFixture.settings { $0.fileCountMax = 2 }
        let fixture = try JournalFixture(scratch.directory, settings: settings)
        for offset in 0..<40 {
            #expect(fixture.journal.append(JournalFixture.entry(Int64(offset), bytes: 6000)) == .queued)
        }
        fixture.journal.close()
        let written = fixture.rounds.filter { $0.error == nil }.reduce(0) { $0 + $1.entries.count }
        let refused = fixture.rounds.filter { $0.error == .closed }.reduce(0) { $0 + $1.entries.count }
        #expect(written > 0 && refused > 0 && written + refused == 40)
        #expect(try Replayed.of(scratch.directory, settings: settings).offsets == (0..<Int64(written)).map { $0 })
    }
}
