package import Logging
internal import Synchronization

/// The levels of this server's loggers, which administrators change while it runs (`broker-loggers` resources). As in
/// Kafka a change lasts until the server ends.
///
/// Each logger has the root's level unless it has one of its own.
package final class LoggerLevels: Sendable {
    /// Kafka's name of the root.
    package static let root = "ROOT"

    /// The level of one logger, for every thread that logs.
    package final class Level: Sendable {
        private let index: Atomic<Int>

        fileprivate init(_ level: Logger.Level) { self.index = Atomic(Self.index(of: level)) }

        package var current: Logger.Level { Logger.Level.allCases[self.index.load(ordering: .relaxed)] }

        fileprivate func set(_ level: Logger.Level) { self.index.store(Self.index(of: level), ordering: .relaxed) }

        private static func index(of level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }
    }

    private struct State {
        var root: Logger.Level
        /// Of loggers that do not follow the root.
        var own: [String: Logger.Level] = [:]
    }

    private let state: Mutex<State>
    private let levels: [String: Level]

    /// - Parameter names: the loggers besides the root.
    package init(root: Logger.Level, names: [String]) {
        self.state = Mutex(State(root: root))
        self.levels = Dictionary(uniqueKeysWithValues: names.map { ($0, Level(root)) })
    }

    /// What a logger of this name obeys. Our bug for a name that is not one of the loggers'.
    package func level(of name: String) -> Level {
        guard let level = self.levels[name] else { preconditionFailure("there is no logger \(name)") }
        return level
    }

    /// Every logger's level by Kafka's name of it, by the loggers' names; the root is the first.
    package var all: [(name: String, level: String)] {
        let state = self.state.withLock { $0 }
        let others = self.levels.keys.sorted().map { ($0, Self.name(of: state.own[$0] ?? state.root)) }
        return [(Self.root, Self.name(of: state.root))] + others
    }

    /// Kafka's names, from those that log the least.
    package static let levelNames = ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"]

    package func has(_ name: String) -> Bool { name == Self.root || self.levels[name] != nil }

    /// Sets the level of a logger, or has it follow the root again.
    ///
    /// - Parameter levelName: Kafka's name of a level; `nil` is the root's level.
    /// - Returns: whether there are such a logger and such a level; the root needs a level.
    @discardableResult
    package func set(_ name: String, to levelName: String?) -> Bool {
        let level = levelName.flatMap(Self.level)
        guard self.has(name), (level != nil) == (levelName != nil), name != Self.root || level != nil else {
            return false
        }
        self.state.withLock { state in
            if name == Self.root {
                state.root = level ?? state.root
            } else {
                state.own[name] = level
            }
            for (name, shared) in self.levels { shared.set(state.own[name] ?? state.root) }
        }
        return true
    }

    private static func level(named name: String) -> Logger.Level? {
        switch name {
        case "FATAL": .critical
        case "ERROR": .error
        case "WARN": .warning
        case "INFO": .info
        case "DEBUG": .debug
        case "TRACE": .trace
        default: nil
        }
    }

    private static func name(of level: Logger.Level) -> String {
        switch level {
        case .critical: "FATAL"
        case .error: "ERROR"
        case .warning: "WARN"
        case .notice, .info: "INFO"
        case .debug: "DEBUG"
        case .trace: "TRACE"
        }
    }
}
