internal import Synchronization

/// Whether clients are served.
final class ReadyFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    var value: Bool { self.flag.load(ordering: .acquiring) }
    func set(_ value: Bool) { self.flag.store(value, ordering: .releasing) }
}
