internal import KafkaProtocol
package import Model
package import NIOCore

/// Encodes Produce requests of one batch round the batch's bytes, so that those are sent from where they lie.
///
/// The generated encoder would copy them into the frame. `ProduceFrameTests` compares the two.
package struct ProduceFrame: Sendable {
    package let version: Int16
    private let clientID: String
    private let topic: String
    private let topicID: TopicID
    private let acks: Int16
    private let timeoutMilliseconds: Int32

    /// Versions whose layout is known here.
    package static let versions: ClosedRange<Int16> = 3...13

    package init(
        version: Int16,
        clientID: String,
        topic: String,
        topicID: TopicID,
        acks: Int16,
        timeoutMilliseconds: Int32 = 30_000
    ) {
        precondition(Self.versions.contains(version), "Produce version \(version) is not known")
        self.version = version
        self.clientID = clientID
        self.topic = topic
        self.topicID = topicID
        self.acks = acks
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    private var isFlexible: Bool { self.version >= 9 }

    /// What follows the batch: no tagged fields of the partition, the topic and the request.
    package var tailBytes: Int { self.isFlexible ? 3 : 0 }

    /// Appends all that stands before the batch, frame length included.
    package func writeHead(
        to buffer: inout ByteBuffer,
        correlationID: Int32,
        partition: Int32,
        batchBytes: Int
    ) {
        let isFlexible = self.isFlexible
        let start = buffer.writerIndex
        buffer.writeInteger(0, as: Int32.self)
        RequestHeader(
            apiKey: .produce,
            apiVersion: self.version,
            correlationID: correlationID,
            clientID: self.clientID
        )
        .encode(into: &buffer)
        String.encodeNullable(nil, into: &buffer, flexible: isFlexible)
        buffer.writeInteger(self.acks)
        buffer.writeInteger(self.timeoutMilliseconds)
        buffer.writeLength(1, flexible: isFlexible)
        if self.version >= 13 {
            buffer.writeInteger(self.topicID.high)
            buffer.writeInteger(self.topicID.low)
        } else {
            self.topic.encode(into: &buffer, flexible: isFlexible)
        }
        buffer.writeLength(1, flexible: isFlexible)
        buffer.writeInteger(partition)
        buffer.writeLength(batchBytes, flexible: isFlexible)
        let length = buffer.writerIndex - start - 4 + batchBytes + self.tailBytes
        buffer.setInteger(Int32(length), at: start)
    }

    /// Appends what follows the batch.
    package func writeTail(to buffer: inout ByteBuffer) {
        buffer.writeRepeatingByte(0, count: self.tailBytes)
    }
}
