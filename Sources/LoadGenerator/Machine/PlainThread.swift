internal import Glibc
internal import Synchronization

/// A thread that runs once through a closure: a measurement's other side.
final class PlainThread: Sendable {
    private let body: @Sendable () -> Void
    private let thread = Mutex<pthread_t>(0)

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
        let box = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
            guard let argument else { return nil }
            Unmanaged<PlainThread>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }
        pthread_create(&thread, nil, start, box.toOpaque())
        let made = thread
        self.thread.withLock { $0 = made }
    }

    func join() { pthread_join(self.thread.withLock { $0 }, nil) }
}
