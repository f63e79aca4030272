import Coordination
import CoordinatorRuntime
import LogCore
import LogTestSupport
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

/// One seed drives clients, the log and its failures. Checked at every step:
///
/// - an answer never shows a value that a later load does not find (unless it was written over since);
/// - what was acknowledged is there after every load;
/// - answers of one life leave in the order of their requests, and each request is answered once.
@Suite struct CoordinatorSimulationTests {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `what was acknowledged is there, and what was shown is never lost`(seed: UInt64) {
        var simulation = CounterSimulation(seed: seed)
        for _ in 0..<300 { simulation.step() }
        simulation.settle()
        #expect(simulation.faults.isEmpty, "seed \(seed)")
    }

    @Test func `the same seed gives the same history`() {
        func history(_ seed: UInt64) -> [String] {
            var simulation = CounterSimulation(seed: seed)
            for _ in 0..<200 { simulation.step() }
            return simulation.history
        }
        #expect(history(3) == history(3))
        #expect(history(3) != history(4))
    }
}

private struct CounterSimulation {
    private struct Request {
        var number: Int
        var key: String
        var isWrite: Bool
        var answer: Answer<Int>
    }

    private var random: SeededGenerator
    private let harness: CounterHarness
    private var requests: [Request] = []
    private var nextNumber = 0
    /// The largest value that an answer has shown, by key. Counters only grow.
    private var shown: [String: Int] = [:]
    private var lastAnswered = -1
    private(set) var faults: [String] = []
    private(set) var history: [String] = []

    init(seed: UInt64) {
        self.random = SeededGenerator(seed: seed)
        var limits = CoordinatorLimits()
        limits.undurableBytesMax = 600
        limits.loadRecordsPerTurnMax = 5
        self.harness = CounterHarness(limits: limits)
        self.harness.topic.messageBytesMax = 200
        self.harness.log.isDurableAtOnce = false
    }

    mutating func step() {
        switch Int.random(in: 0..<16, using: &self.random) {
        case 0...5: self.request(isWrite: true)
        case 6, 7: self.request(isWrite: false)
        case 8, 9: self.harness.loop.run()
        case 10: self.harness.log.makeDurable(Int.random(in: 1..<4, using: &self.random))
        case 11: self.harness.log.refusal = LogError(Bool.random(using: &self.random) ? .diskFull : .overloaded, "")
        case 12: self.fail()
        case 13: self.harness.loop.advanceTime(by: .milliseconds(Int64.random(in: 0..<1_500, using: &self.random)))
        case 14: _ = self.harness.doubleLater(self.key())
        default: self.harness.runtime.prepare()
        }
        self.collect()
    }

    /// Everything works again: what was shown is there.
    mutating func settle() {
        self.harness.log.refusal = nil
        self.harness.log.isDurableAtOnce = true
        self.harness.log.makeDurable()
        self.harness.loop.run()
        self.harness.loop.advanceTime(by: .seconds(2))
        self.collect()
        if !self.requests.isEmpty { self.faults.append("\(self.requests.count) requests are not answered") }
        self.harness.crash()
        self.verify()
        let write = self.harness.add()
        self.harness.loop.run()
        if write.value == nil { self.faults.append("not served: \(String(describing: write.error))") }
    }

    private mutating func key() -> String {
        ["a", "b", "c", String(repeating: "x", count: 200)][Int.random(in: 0..<4, using: &self.random)]
    }

    private mutating func request(isWrite: Bool) {
        let key = self.key()
        let answer = isWrite ? self.harness.add(1, to: key) : self.harness.value(of: key)
        self.requests.append(Request(number: self.nextNumber, key: key, isWrite: isWrite, answer: answer))
        self.nextNumber += 1
    }

    private mutating func fail() {
        switch Int.random(in: 0..<4, using: &self.random) {
        case 0:
            self.history.append("crash")
            self.harness.crash()
            self.collect()
            self.verify()
        case 1:
            self.history.append("lost")
            self.harness.log.lose(LogError(.storage, ""))
        case 2:
            self.history.append("leader")
            self.harness.runtime.leadershipLost()
            // What was appended before becomes durable, or does not.
            if Bool.random(using: &self.random) { self.harness.log.makeDurable() } else { self.harness.log.crash() }
        default:
            self.harness.log.makeDurable()
        }
    }

    private mutating func collect() {
        var waiting: [Request] = []
        for request in self.requests {
            guard let result = request.answer.result else {
                waiting.append(request)
                continue
            }
            guard case .success(let value) = result else { continue }
            let key = request.key.prefix(1)
            self.history.append("\(request.number) \(request.isWrite ? "wrote" : "read") \(key) \(value)")
            if request.number < self.lastAnswered {
                self.faults.append("\(request.number) was answered after \(self.lastAnswered)")
            }
            if value < self.shown[request.key] ?? 0 {
                self.faults.append("\(key) was \(self.shown[request.key] ?? 0) and is \(value)")
            }
            self.shown[request.key] = max(self.shown[request.key] ?? 0, value)
            self.lastAnswered = request.number
        }
        self.requests = waiting
    }

    /// After a load: every value that was shown is recorded.
    private mutating func verify() {
        let counters = self.harness.counters
        for (key, value) in self.shown where counters[key] ?? 0 < value {
            self.faults.append("\(key.prefix(1)) had \(value), a load found \(counters[key] ?? 0)")
        }
    }
}
