package import Model
internal import Text

/// One life of a broker: from its registration in etcd to the moment at which it is fenced.
package struct Incarnation: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var broker: BrokerID
    /// The revision that created the broker's registration: no two lives of a broker have the same.
    package var number: Int64

    package init(broker: BrokerID, number: Int64) {
        self.broker = broker
        self.number = number
    }

    package var description: String { "\(self.broker.rawValue)-\(String(self.number, radix: 16))" }

    /// Reads `BROKER-INCARNATION` as `description` writes it; `nil` for another text.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let broker = Int32(parts[0]), broker >= 0,
            let number = Int64(parts[1], radix: 16), number >= 0
        else { return nil }
        self.init(broker: BrokerID(broker), number: number)
        guard self.description == text else { return nil }
    }

    package static func < (left: Incarnation, right: Incarnation) -> Bool {
        (left.broker.rawValue, left.number) < (right.broker.rawValue, right.number)
    }
}

/// The name of a write-ahead object: `w/BROKER-INCARNATION/SEQUENCE.ATTEMPT`, the last three in hexadecimal digits.
///
/// Only its writer makes names with its incarnation, and each attempt has its own, so that no two writes of different
/// bytes ever meet.
package struct FlushObjectName: Hashable, Sendable, CustomStringConvertible {
    /// Attempts of one flush, the hedges among them.
    package static let attemptsMax = 4

    package var writer: Incarnation
    /// Counts the flushes of an incarnation, from 0.
    package var sequence: Int64
    package var attempt: Int

    package init(writer: Incarnation, sequence: Int64, attempt: Int) {
        self.writer = writer
        self.sequence = sequence
        self.attempt = attempt
    }

    package var description: String {
        "w/\(self.writer)/\(Hex.text(UInt64(bitPattern: self.sequence))).\(self.attempt)"
    }

    /// Reads a name; `nil` when it is not one.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "w" else { return nil }
        let flush = parts[2].split(separator: ".", omittingEmptySubsequences: false)
        guard flush.count == 2, let writer = Incarnation(parts[1]), let sequence = Int64(flush[0], radix: 16),
            let attempt = Int(flush[1]), sequence >= 0, (0..<Self.attemptsMax).contains(attempt)
        else { return nil }
        self.init(writer: writer, sequence: sequence, attempt: attempt)
        // One name has one spelling.
        guard self.description == text else { return nil }
    }
}
