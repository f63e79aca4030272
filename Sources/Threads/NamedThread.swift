internal import CLinuxShim
internal import Glibc

/// A thread of our own for blocking work, so that neither an event loop nor Swift's shared pool ever blocks.
package final class NamedThread: RunningThread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void
        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    private let handle: pthread_t

    /// Starts the thread.
    ///
    /// - Parameter name: what `top -H` shows; the kernel keeps 15 bytes of it.
    /// - Parameter run: the thread ends when this returns. Someone must call `join` then.
    package init(name: String, run: @escaping @Sendable () -> Void) {
        self.handle = Self.start(Body(name: String(decoding: name.utf8.prefix(15), as: UTF8.self), run: run))
    }

    // Apart from `init`, where Swift 6.3.1's region analysis crashes on the handed-over pointer.
    private static func start(_ body: Body) -> pthread_t {
        var handle = pthread_t()
        let result = pthread_create(
            &handle,
            nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                // A thread without a name works as well.
                _ = millrace_name_thread(body.name)
                // Signals belong to the main thread.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                body.run()
                return nil
            },
            Unmanaged.passRetained(body).toOpaque()
        )
        precondition(result == 0, "cannot start a thread (\(result))")
        return handle
    }

    /// Waits for the thread's end. Call it once, from another thread.
    package func join() {
        precondition(pthread_equal(self.handle, pthread_self()) == 0, "a thread cannot wait for itself")
        pthread_join(self.handle, nil)
    }
}
