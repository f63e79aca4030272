internal import KinesisProtocol
internal import Model
internal import NIOCore

/// Which partition has a key, by each way of choosing.
package struct KeyPlacement: Equatable, Sendable {
    /// Kafka's default partitioner: murmur2 of the key.
    package var murmur2Partition: Int
    /// librdkafka's `consistent` partitioner: CRC-32 of the key.
    package var crc32Partition: Int
    /// Kinesis: MD5 of the partition key, a number below 2^128.
    package var hashKey: UInt128

    /// - Parameters:
    ///   - key: at least one byte.
    ///   - partitions: how many the topic has; at least 1.
    package init(_ key: [UInt8], partitions: Int) {
        self.murmur2Partition = key.withUnsafeBytes { Murmur2.partition(for: $0, of: partitions) }
        self.crc32Partition = Int(CRC32.checksum(of: ByteBuffer(bytes: key))) % partitions
        self.hashKey = key.withUnsafeBytes { HashKey(partitionKey: $0).value }
    }
}
