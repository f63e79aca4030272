internal import Model

extension TopicID {
    /// A random UUID for a directory or topic that a command makes.
    static func random() -> TopicID {
        TopicID(randomHigh: .random(in: 0 ... .max), low: .random(in: 0 ... .max))
    }
}
