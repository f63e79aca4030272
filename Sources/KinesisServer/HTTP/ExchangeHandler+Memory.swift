internal import KinesisProtocol
internal import Logging
internal import NIOCore
internal import Serving

// What the connection counts in `ConnectionMemory`, and what happens when there is too little.

/// What one read of the socket brings at most.
let socketReadBytesMax = 1 << 18

extension ExchangeHandler {
    /// Takes a large request on only when there is memory for all of it, so that requests which have begun can end.
    func claimMemory(_ context: ChannelHandlerContext) {
        let memory = self.client.memory
        let action = self.core.requestClaims(self.incoming.claimedBytes, limit: memory.requestBytesMax)
        guard case .reserve(let bytes) = action else { return }
        if self.share.reserveRequest(bytes) {
            self.core.claimGranted(bytes)
            self.countHoldings()
        } else if memory.admitsWaitingRequest(of: bytes, receivedBytesMax: socketReadBytesMax), let reference {
            self.core.claimMustWait(bytes)
            self.memoryClaim = memory.whenRequestFits(
                bytes,
                on: context.eventLoop,
                refused: { reference.value?.claimRefused() }
            ) { reference.value?.claimGranted($0) }
        } else {
            self.exchange.refuse(.outOfMemory)
        }
    }

    private func claimRefused() {
        self.memoryClaim = nil
        self.core.claimRefused()
        guard self.core.takesRequests else {
            self.context?.close(promise: nil)
            return
        }
        self.exchange.refuse(.outOfMemory)
        self.takeArrivals()
    }

    private func claimGranted(_ bytes: Int) {
        self.memoryClaim = nil
        self.share.adoptRequest(bytes)
        self.core.claimGranted(bytes)
        self.takeArrivals()
        self.countHoldings()
    }

    /// Counts what the connection holds, and has its client watched if that is much.
    func countHoldings() {
        guard let context, !self.core.isClosed else { return }
        let pending = self.sending.heldBytes
        if self.core.mayHaveUntaken || pending > 0 {
            self.core.answersUntaken(self.wire.unsentBytes(context), pending: pending)
        }
        self.share.hold(
            requests: self.core.requestBytes + self.countedArrivals,
            answers: self.core.answerBytes
        )
        guard self.core.needsStallWatch else { return }
        self.core.stallWatchStarted(now: context.eventLoop.now)
        self.checkForStallLater(context.eventLoop)
    }

    /// What was received behind a request under way. What waits for memory is bounded by the number of those who may
    /// wait, and is not counted: it would keep itself from getting any.
    private var countedArrivals: Int {
        self.core.awaitsMemoryForRequest || self.arrivedBytes < ConnectionCore.stallBytesMin ? 0 : self.arrivedBytes
    }

    private func checkForStallLater(_ eventLoop: any EventLoop) {
        guard let reference else { return }
        eventLoop.scheduleTask(in: ConnectionCore.stallCheckInterval) { reference.value?.checkForStall() }
    }

    private func checkForStall() {
        guard let context else { return }
        self.countHoldings()
        let now = context.eventLoop.now
        let memory = self.client.memory
        let action = self.core.stallCheck(
            now: now,
            isAwaited: memory.isAwaited,
            patience: memory.patience(now: now)
        )
        switch action {
        case .stop: break
        case .again: self.checkForStallLater(context.eventLoop)
        case .close:
            self.client.warn(
                .stalled,
                "it holds \(self.share.bytes) bytes, does not move and others wait (--memory-limit)"
            )
            context.close(promise: nil)
        }
    }
}
