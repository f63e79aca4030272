import CoordinatorRuntime
import KafkaProtocol
import KafkaSamples
import Model
import NIOCore
import Text

@testable import Broker
@testable import GroupCoordinator
@testable import TransactionCoordinator

extension FuzzTarget {
    static let coordinators: [FuzzTarget] = [
        FuzzTarget(name: "coordinator-records", seeds: Self.recordSeeds, read: Self.readRecord),
        FuzzTarget(name: "consumer-protocol", seeds: Self.subscriptionSeeds, read: Self.readSubscription),
        FuzzTarget(name: "regular-expressions", seeds: Self.patternSeeds, read: Self.readPattern),
    ]

    // MARK: Records

    /// Two bytes for the key's length, the key, the value.
    private static func recordSeeds() -> [ByteBuffer] {
        let keys = Self.samples(of: "Key")
        let values = Self.samples(of: "Value")
        return keys.flatMap { key in
            values.filter { $0.name.dropLast(5) == key.name.dropLast(3) }.map { value in
                var buffer = ByteBuffer(integer: UInt16(key.bytes.readableBytes))
                buffer.writeImmutableBuffer(key.bytes)
                buffer.writeImmutableBuffer(value.bytes)
                return buffer
            }
        }
    }

    private static func samples(of suffix: String) -> [(name: String, bytes: ByteBuffer)] {
        CodecCase.all.filter { $0.name.hasSuffix(suffix) }.flatMap { codec in
            codec.versions.map { version in
                var buffer = ByteBuffer(integer: version)
                buffer.writeImmutableBuffer(codec.encodeSample(.full, version))
                return (codec.name, buffer)
            }
        }
    }

    /// What is read is written and read again, as compaction and a later start do.
    private static func readRecord(_ input: ByteBuffer) {
        var rest = input
        guard let length = rest.readInteger(as: UInt16.self) else { return }
        let key = rest.readSlice(length: min(Int(length), rest.readableBytes))
        let value = length & 0x8000 != 0 ? nil : rest
        let allocator = ByteBufferAllocator()
        if let record = try? GroupRecordCodec.decode(key: key, value: value) {
            let encoded = GroupRecordCodec.encode(record, allocator: allocator)
            let again = try? GroupRecordCodec.decode(key: encoded.key, value: encoded.value)
            Self.require(again != nil, "\(record) cannot be read when it was written")
        }
        if let record = try? TransactionRecordCodec.decode(key: key, value: value) {
            let encoded = TransactionRecordCodec.encode(record, allocator: allocator)
            let again = try? TransactionRecordCodec.decode(key: encoded.key, value: encoded.value)
            Self.require(again != nil, "\(record) cannot be read when it was written")
        }
    }

    // MARK: Consumers

    private static func subscriptionSeeds() -> [ByteBuffer] {
        CodecCase.all.filter { $0.name.hasPrefix("ConsumerProtocol") }.flatMap { codec in
            codec.versions.map { version in
                var buffer = ByteBuffer(integer: version)
                buffer.writeImmutableBuffer(codec.encodeSample(.full, version))
                return buffer
            }
        }
    }

    private static func readSubscription(_ input: ByteBuffer) {
        let bytes = input.allBytes
        if let subscription = ConsumerSubscription(bytes) {
            let topics = ConsumerSubscription.topics(in: bytes)
            Self.require(topics == subscription.topicNames, "a subscription has two lists of topics")
        }
        if let partitions = ConsumerAssignment.partitions(in: bytes), !bytes.isEmpty {
            let encoded = ConsumerAssignment.encode(partitions, version: 0)
            let again = ConsumerAssignment.partitions(in: encoded) ?? []
            Self.require(again.elementsEqual(partitions) { $0 == $1 }, "an assignment changes when it is written")
        }
    }

    private static func patternSeeds() -> [ByteBuffer] {
        [
            "a.*", "(?i)x|[^a-z\\d]+?", "^(orders|pay){2,5}\\b$", "[[:alpha:]_]{0,10}\\pL", "((((a*)*)*)*)*",
            "(a{1,30}){1,30}", "\\Qx.y\\E\\x{41}\\101", "(?P<name>a)(?:b)", "[]-a]", "\\x", "a**",
        ].map { ByteBuffer(string: $0 + "\u{0}orders-01.x") }
    }

    /// A pattern, a zero byte, a name.
    private static func readPattern(_ input: ByteBuffer) {
        let parts = input.readableBytesView.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let pattern = String(validating: first, as: UTF8.self),
            let expression = try? RegularExpression(pattern)
        else { return }
        let name = String(decoding: (parts.count > 1 ? parts[1] : first).prefix(249), as: UTF8.self)
        var steps = 0
        _ = expression.matches(name, steps: &steps)
        Self.require(
            steps <= (name.utf8.count + 1) * (RegularExpression.instructionsMax + 1),
            "\(steps) steps for a name of \(name.utf8.count) bytes"
        )
    }
}
