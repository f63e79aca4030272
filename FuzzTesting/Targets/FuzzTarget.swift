import NIOCore

/// A decoder that reads bytes which a client or a disk may have made up.
///
/// The same targets run in two ways: under libFuzzer, which looks for inputs that reach new code (`make fuzz`), and in
/// `swift test` with mutations of `seeds` under a fixed seed. A finding is a trap, an input that takes too long, an
/// allocation beyond what was received, or a broken `require`.
struct FuzzTarget: Sendable {
    let name: String
    /// Well-formed inputs, made by our own encoders.
    let seeds: @Sendable () -> [ByteBuffer]
    /// Reads one input.
    let read: @Sendable (ByteBuffer) -> Void

    static let all: [FuzzTarget] =
        Self.kafka + Self.records + Self.kinesis + Self.coordinators + Self.checkpoints + Self.logFiles + Self.metadata
        + Self.telemetry + Self.authentication + Self.cluster + Self.search

    /// Ends the run with a message: what was read contradicts itself.
    static func require(_ condition: Bool, _ message: @autoclosure () -> String) {
        if !condition { fatalError(message()) }
    }
}

extension ByteBuffer {
    /// All readable bytes.
    var allBytes: [UInt8] { Array(self.readableBytesView) }

    /// The first byte, which chooses among several decoders of a target, and the rest.
    func split() -> (choice: Int, rest: ByteBuffer)? {
        var rest = self
        guard let choice = rest.readInteger(as: UInt8.self) else { return nil }
        return (Int(choice), rest)
    }

    /// An input of a target that is told by its first byte which decoder to use.
    static func choosing(_ choice: Int, _ bytes: ByteBuffer) -> ByteBuffer {
        var buffer = ByteBuffer(integer: UInt8(truncatingIfNeeded: choice))
        buffer.writeImmutableBuffer(bytes)
        return buffer
    }
}
