import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Broker

@Suite struct RecordValidatorTests {
    @Test(.timeLimit(.minutes(20))) func `jobs with one key run in the order in which they came`() {
        let validator = RecordValidator()
        let seen = Mutex<[Int: [Int]]>([:])
        for number in 0..<2_000 {
            let key = number % 5
            let isTaken = validator.submit(key: key, bytes: 1) {
                seen.withLock { $0[key, default: []].append(number) }
            }
            #expect(isTaken)
        }
        validator.shutdown()
        for key in 0..<5 { #expect(seen.withLock { $0[key] } == Array(stride(from: key, to: 2_000, by: 5))) }
    }

    private final class Scene: Sendable {
        let gate = Mutex(())
        let wasRelieved = Mutex(false)

        func pass() { self.gate.withLock { _ in } }
    }

    @Test(.timeLimit(.minutes(20))) func `it is congested while more waits than it may hold, and says when no longer`()
        throws
    {
        let validator = RecordValidator(bytesMax: 100)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let scene = Scene()
        let isCongested = scene.gate.withLock { _ in
            for _ in 0..<3 { _ = validator.submit(key: 1, bytes: 50) { scene.pass() } }
            validator.onRelief(on: loop) { scene.wasRelieved.withLock { $0 = true } }
            return validator.isCongested
        }
        #expect(isCongested)
        validator.shutdown()
        // What the validator's threads gave the loop has run when this has.
        try loop.submit {}.wait()
        #expect(scene.wasRelieved.withLock { $0 })
        #expect(!validator.isCongested)
    }

    @Test func `after its end it refuses jobs`() {
        let validator = RecordValidator()
        validator.shutdown()
        #expect(!validator.submit(key: 0, bytes: 10) { Issue.record("it must not run") })
        #expect(!validator.isCongested)
    }
}
