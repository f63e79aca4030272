internal import NIOCore
internal import ServerTLS
internal import Serving

// Answers on a connection that is encrypted: given to the TLS handler piece by piece.

extension KafkaConnection {
    /// What was written for the client and its socket has not taken, encrypted or not.
    func unsentBytes(_ channel: any Channel) -> Int { channel.unsentBytes + self.paced.bytes }

    /// The socket takes more, or no more.
    func channelTakes(_ context: ChannelHandlerContext) {
        guard self.isEncrypted else {
            self.core.writabilityChanged(isWritable: context.channel.isWritable)
            return
        }
        self.writePaced()
    }

    /// Encrypts and sends what waits, as much as the client takes.
    func writePaced() {
        // What is sent may change whether more can be: the loop below sees that.
        guard !self.isPacing, let context else { return }
        self.isPacing = true
        while context.channel.isWritable, !self.paced.isEmpty {
            var room = ServerTLS.writeBytesMax
            while room > 0, let piece = self.paced.next(upTo: room) {
                room -= piece.readableBytes
                context.write(self.wrapOutboundOut(piece), promise: nil)
            }
            context.flush()
        }
        self.isPacing = false
        self.core.writabilityChanged(isWritable: context.channel.isWritable && self.paced.isEmpty)
        guard self.paced.isEmpty, self.closesWhenPaced else { return }
        self.closesWhenPaced = false
        self.carryOut(.closeAfterWrites)
    }
}
