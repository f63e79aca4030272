package import Coordination
package import Model
internal import Text

/// What the body of a write works with besides the machine: time, chance, and the actions that it leads to.
package struct CoordinatorContext<Machine: CoordinatorMachine> {
    package let now: Timestamp
    private let random: @Sendable () -> (UInt64, UInt64)
    private(set) var actions: [CoordinatorAction<Machine>] = []

    init(_ environment: CoordinatorEnvironment) {
        self.now = environment.now()
        self.random = environment.random
    }

    /// Has the runtime carry out what the machine decided, after what was added before.
    package mutating func perform(_ actions: [CoordinatorAction<Machine>]) {
        if self.actions.isEmpty {
            self.actions = actions
        } else {
            self.actions += actions
        }
    }

    /// Adds records, if there are any.
    package mutating func append(_ write: CoordinatorWrite<Machine>?) {
        if let write { self.actions.append(.append(write)) }
    }

    package mutating func startTimer(_ timer: Machine.Timer, after delay: Duration) {
        self.actions.append(.startTimer(timer, delay))
    }

    /// A version 4 UUID in the usual notation.
    package func makeUUID() -> String {
        let (high, low) = self.random()
        return UUIDText.format(high: high & ~0xF000 | 0x4000, low: low & ~(0b11 << 62) | (0b10 << 62))
    }
}
