package import NIOCore

/// Names one request of a connection, in the order in which they started.
package struct RequestTicket: Hashable, Sendable, Comparable {
    var number: UInt64
    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// Puts a connection's answers back into the order of its requests; they may finish in any order.
///
/// Kafka clients match answers by order, and the correlation ID only checks it. Sans-IO.
package struct AnswerQueue: ~Copyable {
    private enum Slot {
        case waiting
        /// The client expects no answer (acks=0).
        case silent
        case ready([ByteBuffer])
    }

    private var slots = CircularBuffer<Slot>(initialCapacity: 8)
    private var firstNumber: UInt64 = 0

    /// Bytes of answers that wait for their turn.
    package private(set) var readyBytes = 0

    /// How many requests have not been answered yet.
    package var count: Int { self.slots.count }

    package init() {}

    package mutating func requestStarted() -> RequestTicket {
        self.slots.append(.waiting)
        return RequestTicket(number: self.firstNumber + UInt64(self.slots.count - 1))
    }

    /// - Parameter parts: the framed answer, or `nil` when the request gets none.
    package mutating func finished(_ ticket: RequestTicket, with parts: [ByteBuffer]?) {
        precondition(ticket.number >= self.firstNumber, "a request was answered twice")
        let position = Int(ticket.number - self.firstNumber)
        let index = self.slots.index(self.slots.startIndex, offsetBy: position)
        guard case .waiting = self.slots[index] else {
            preconditionFailure("a request was answered twice")
        }
        self.slots[index] = parts.map(Slot.ready) ?? .silent
        if let parts { self.readyBytes += Self.bytes(of: parts) }
    }

    /// Takes the next answer whose turn it is, or `nil` when the oldest request is still unanswered.
    package mutating func next() -> [ByteBuffer]? {
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

    /// Lets go of every answer: the connection is gone.
    package mutating func removeAll() {
        self.firstNumber += UInt64(self.slots.count)
        self.slots.removeAll()
        self.readyBytes = 0
    }

    private static func bytes(of parts: [ByteBuffer]) -> Int { parts.reduce(0) { $0 + $1.readableBytes } }
}
