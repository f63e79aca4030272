/// One connection's part of `ConnectionMemory`. Lives on the connection's event loop.
package struct ConnectionShare: ~Copyable {
    package let memory: ConnectionMemory
    private var requestBytes = 0
    private var answerBytes = 0

    package init(of memory: ConnectionMemory) { self.memory = memory }

    package var bytes: Int { self.requestBytes + self.answerBytes }

    /// Sets what the connection holds now, besides requests.
    package mutating func hold(_ bytes: Int) {
        self.memory.change(by: bytes - self.answerBytes)
        self.answerBytes = bytes
    }

    /// Sets what the connection holds now.
    package mutating func hold(requests: Int, answers: Int) {
        self.memory.changeRequests(by: requests - self.requestBytes)
        self.requestBytes = requests
        self.hold(answers)
    }

    /// Holds a request that is coming in, if memory has room and no claim waits.
    package mutating func reserveRequest(_ bytes: Int) -> Bool {
        guard self.memory.reserveRequest(bytes) else { return false }
        self.requestBytes += bytes
        return true
    }

    /// Takes over what `ConnectionMemory.whenRequestFits` has counted.
    package mutating func adoptRequest(_ bytes: Int) { self.requestBytes += bytes }

    /// Takes over what `ConnectionMemory.grant` or `whenGranted` has counted.
    package mutating func adoptAnswer(_ bytes: Int) { self.answerBytes += bytes }

    /// Stops counting what is held of answers, for another share to adopt.
    ///
    /// - Returns: in bytes.
    package mutating func yieldAnswer() -> Int {
        defer { self.answerBytes = 0 }
        return self.answerBytes
    }

    deinit {
        self.memory.changeRequests(by: -self.requestBytes)
        self.memory.change(by: -self.answerBytes)
    }
}
