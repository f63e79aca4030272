import Coordination
import CoordinatorRuntime
import LogTestSupport
import Logging
import Model
import NIOCore
import NIOEmbedded

/// A counter's runtime over a log in memory, on an event loop whose time the test moves.
final class CounterHarness {
    let loop = EmbeddedEventLoop()
    let topic = MemoryCoordinatorTopic()
    let engine = MemoryEngine()
    var limits = CoordinatorLimits()
    private(set) var runtime: CounterRuntime

    var log: MemoryLog { self.topic.logs[0] }

    init(limits: CoordinatorLimits = CoordinatorLimits(), isLoaded: Bool = true) {
        self.limits = limits
        self.runtime = Self.make(self.topic, self.engine, self.loop, limits)
        if isLoaded { self.load() }
    }

    private static func make(
        _ topic: MemoryCoordinatorTopic,
        _ engine: MemoryEngine,
        _ loop: EmbeddedEventLoop,
        _ limits: CoordinatorLimits
    ) -> CounterRuntime {
        CounterRuntime(
            partition: 0,
            eventLoop: loop,
            topic: topic,
            engine: engine,
            environment: CoordinatorEnvironment(
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                now: { Int64(loop.now.uptimeNanoseconds / 1_000_000) },
                random: { (0, 0) }
            ),
            limits: limits
        ) {
            CounterMachine()
        }
    }

    func load() {
        self.runtime.prepare()
        self.loop.run()
    }

    /// A new runtime on what is durable. The old one may keep running; a crashed one could not.
    func crash() {
        self.log.crash()
        self.runtime.close()
        self.loop.run()
        self.log.crash()
        self.runtime = Self.make(self.topic, self.engine, self.loop, self.limits)
        self.load()
    }

    func add(_ amount: Int = 1, to key: String = "k") -> Answer<Int> {
        let answer = Answer<Int>()
        self.runtime.write { machine, context in
            let (value, write) = machine.add(amount, to: key)
            context.append(write)
            return value
        } completion: {
            answer.result = $0
        }
        return answer
    }

    func value(of key: String = "k") -> Answer<Int> {
        let answer = Answer<Int>()
        self.runtime.read {
            $0.value(of: key)
        } completion: {
            answer.result = $0
        }
        return answer
    }

    func doubleLater(_ key: String = "k") -> Answer<Int> {
        let answer = Answer<Int>()
        self.runtime.park { machine, context, token in
            context.perform(machine.doubleLater(key, token: token))
        } completion: {
            answer.result = $0
        }
        return answer
    }

    /// What the machine believes, durable or not.
    var counters: [String: Int] {
        var counters: [String: Int] = [:]
        self.runtime.write(release: .atOnce) { machine, _ in
            counters = machine.counters.elements
        } completion: { _ in
        }
        return counters
    }
}

/// What a completion said, once.
final class Answer<Value> {
    var result: Result<Value, CoordinatorError>? {
        willSet { precondition(self.result == nil, "a request is answered once") }
    }

    var value: Value? { try? self.result?.get() }

    var error: CoordinatorError? {
        guard case .failure(let error)? = self.result else { return nil }
        return error
    }
}
