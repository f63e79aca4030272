internal import NIOCore

/// Puts a connection's responses back into the order of its requests, whatever order they are finished in.
///
/// Kafka clients match responses by order, and the correlation ID only checks it. Sans-IO.
struct ResponseQueue: ~Copyable {
    /// Names one request of the connection.
    struct Ticket: Hashable, Sendable {
        fileprivate var number: UInt64
    }

    private enum Slot {
        case waiting
        /// acks=0 has no response.
        case silent
        case ready([ByteBuffer])
    }

    private var slots = CircularBuffer<Slot>(initialCapacity: 8)
    private var firstNumber: UInt64 = 0

    /// Bytes of answers that wait for their turn.
    private(set) var readyBytes = 0

    /// How many requests have not been answered yet.
    var count: Int { self.slots.count }

    mutating func requestArrived() -> Ticket {
        self.slots.append(.waiting)
        return Ticket(number: self.firstNumber + UInt64(self.slots.count - 1))
    }

    /// - Parameter parts: the framed response, or `nil` when the request gets none.
    mutating func finished(_ ticket: Ticket, with parts: [ByteBuffer]?) {
        precondition(ticket.number >= self.firstNumber, "a request was answered twice")
        let position = Int(ticket.number - self.firstNumber)
        let index = self.slots.index(self.slots.startIndex, offsetBy: position)
        guard case .waiting = self.slots[index] else {
            preconditionFailure("a request was answered twice")
        }
        self.slots[index] = parts.map(Slot.ready) ?? .silent
        if let parts { self.readyBytes += Self.bytes(of: parts) }
    }

    /// Takes the next response whose turn it is, or `nil` when the oldest request is still unanswered.
    mutating func next() -> [ByteBuffer]? {
        while let slot = self.slots.first {
            switch slot {
            case .waiting:
                return nil
            case .silent:
                self.slots.removeFirst()
                self.firstNumber += 1
            case .ready(let parts):
                self.slots.removeFirst()
                self.firstNumber += 1
                self.readyBytes -= Self.bytes(of: parts)
                return parts
            }
        }
        return nil
    }

    private static func bytes(of parts: [ByteBuffer]) -> Int { parts.reduce(0) { $0 + $1.readableBytes } }
}
