internal import Broker
internal import NIOCore
internal import Serving

// What the connection counts in `ConnectionMemory`, and what happens when there is too little.

extension KafkaConnection {
    /// Reads a large request on only when there is memory for all of it, so that requests which have begun can end.
    func claimMemory() {
        let action = self.core.requestClaims(self.frames.claimedBytes, limit: self.memory.requestBytesMax)
        guard case .reserve(let bytes) = action, let context, let reference else { return }
        if self.share.reserveRequest(bytes) {
            self.core.claimGranted(bytes)
        } else {
            self.core.claimMustWait(bytes)
            self.memoryClaim = self.memory.whenRequestFits(bytes, on: context.eventLoop) { granted in
                reference.value?.claimGranted(granted)
            }
        }
    }

    private func claimGranted(_ bytes: Int) {
        self.memoryClaim = nil
        self.share.adoptRequest(bytes)
        self.core.claimGranted(bytes)
        self.advance()
    }

    /// Counts what the connection holds, and has its client watched if that is much.
    func countHoldings() {
        guard let context, !self.core.isClosed else { return }
        if self.core.mayHaveUntaken { self.core.answersUntaken(self.unsentBytes(context.channel)) }
        self.share.hold(requests: self.core.requestBytes, answers: self.core.answerBytes)
        guard self.core.needsStallWatch else { return }
        self.core.stallWatchStarted(now: context.eventLoop.now)
        self.checkForStallLater(context.eventLoop)
    }

    private func checkForStallLater(_ eventLoop: any EventLoop) {
        guard let reference else { return }
        eventLoop.scheduleTask(in: ConnectionCore.stallCheckInterval) { reference.value?.checkForStall() }
    }

    private func checkForStall() {
        guard let eventLoop = self.context?.eventLoop else { return }
        self.countHoldings()
        let action = self.core.stallCheck(
            now: eventLoop.now,
            isAwaited: self.memory.isAwaited,
            patience: self.memory.patience(now: eventLoop.now)
        )
        switch action {
        case .stop: break
        case .again: self.checkForStallLater(eventLoop)
        case .close:
            self.close(
                .stalled,
                because: "it holds \(self.share.bytes) bytes, does not move and others wait (--memory-limit)"
            )
        }
    }
}
