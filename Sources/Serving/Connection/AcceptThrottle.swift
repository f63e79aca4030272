package import Model
package import NIOCore
package import Quotas

/// Who says how often connections may be made.
package protocol ConnectionPolicy: Sendable {
    /// Whether that is limited at all: one look for each connection while it is not.
    var isLimitingConnections: Bool { get }

    /// - Returns: milliseconds after which to look at a new connection, and at those behind it.
    func connectionArrived(on listener: String) -> Int64

    /// - Parameter address: `nil` when the transport has none.
    func admit(_ address: NetworkAddress?, on listener: String) -> ConnectionRates.Admission
}

/// Takes connections of a listening socket as often as a policy lets it. Put it into the listening channel's pipeline.
///
/// While it waits it asks for no further connections: they stay in the socket's backlog, which is how clients learn to
/// wait. Connections of an address that makes too many are kept without being read and then closed, as by Kafka; at
/// most `keptMax` of them, further ones are closed at once.
package final class AcceptThrottle: ChannelDuplexHandler {
    package typealias InboundIn = any Channel
    package typealias InboundOut = any Channel
    package typealias OutboundIn = Never

    package static let keptMax = 1000

    private let policy: any ConnectionPolicy
    private let listener: String
    /// What one read of the socket brought while a connection was waiting. The first has been counted.
    private var waiting: [any Channel] = []
    private var isReadHeldBack = false
    /// To be closed later, by their turn.
    private var kept: [Int: any Channel] = [:]
    private var keptCount = 0
    private var context: ChannelHandlerContext?

    package init(_ policy: any ConnectionPolicy, listener: String) {
        self.policy = policy
        self.listener = listener
    }

    package func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.closeAll()
        self.context = nil
    }

    package func channelInactive(context: ChannelHandlerContext) {
        self.closeAll()
        context.fireChannelInactive()
    }

    package func read(context: ChannelHandlerContext) {
        guard self.waiting.isEmpty else {
            self.isReadHeldBack = true
            return
        }
        context.read()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.policy.isLimitingConnections || !self.waiting.isEmpty else { return context.fireChannelRead(data) }
        let channel = self.unwrapInboundIn(data)
        guard self.waiting.isEmpty else { return self.waiting.append(channel) }
        self.take(channel, context)
    }

    /// Counts a connection, and has it wait with all that come after it when there are too many.
    private func take(_ channel: any Channel, _ context: ChannelHandlerContext) {
        let pause = self.policy.connectionArrived(on: self.listener)
        guard pause > 0 else { return self.pass(channel, context) }
        self.waiting.insert(channel, at: 0)
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(pause)) { self.pauseEnded() }
    }

    private func pauseEnded() {
        guard let context, !self.waiting.isEmpty else { return }
        var channels = self.waiting
        self.waiting = []
        self.pass(channels.removeFirst(), context)
        while !channels.isEmpty, self.waiting.isEmpty { self.take(channels.removeFirst(), context) }
        self.waiting += channels
        guard self.waiting.isEmpty, self.isReadHeldBack else { return }
        self.isReadHeldBack = false
        context.read()
    }

    private func pass(_ channel: any Channel, _ context: ChannelHandlerContext) {
        let address = channel.remoteAddress?.ipAddress.flatMap { NetworkAddress($0) }
        switch self.policy.admit(address, on: self.listener) {
        case .serve: context.fireChannelRead(self.wrapInboundOut(channel))
        case .closeLater(let pause):
            guard self.kept.count < Self.keptMax else { return channel.close(promise: nil) }
            let number = self.keptCount
            self.keptCount += 1
            self.kept[number] = channel
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(pause)) {
                self.kept.removeValue(forKey: number)?.close(promise: nil)
            }
        }
    }

    private func closeAll() {
        for channel in self.waiting + self.kept.values { channel.close(promise: nil) }
        self.waiting = []
        self.kept = [:]
    }
}
