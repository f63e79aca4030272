import KinesisProtocol
import Model
import Testing

@Suite struct HashingTests {
    private func md5(_ bytes: [UInt8]) -> String {
        let hex = String(bytes.withUnsafeBytes { MD5.digest($0) }, radix: 16)
        return String(repeating: "0", count: 32 - hex.count) + hex
    }

    /// The suite of RFC 1321.
    @Test(
        arguments: [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                "d174ab98d277d9f5a5611c2c9f419d9f"
            ),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a"
            ),
        ]
    )
    func `md5 follows the RFC`(_ text: String, _ digest: String) {
        #expect(self.md5(Array(text.utf8)) == digest)
    }

    /// Digests of n times 'x' for the lengths round the padding's edges, from another implementation.
    @Test(
        arguments: [
            (55, "04364420e25c512fd958a70738aa8f72"),
            (56, "668a72d5ba17f08e62dabcafad6db14b"),
            (63, "7dc2ca208106a2f703567bdff99d8981"),
            (64, "c1bb4f81d892b2d57947682aeb252456"),
            (65, "1bc932052302d074bdec39795fe00cf6"),
            (128, "d69cb61a6ee87200676eb0d4b90edbcb"),
        ]
    )
    func `md5 pads at every edge`(_ count: Int, _ digest: String) {
        #expect(self.md5([UInt8](repeating: UInt8(ascii: "x"), count: count)) == digest)
    }

    /// The digest of the digests of all prefixes, from another implementation.
    @Test func `md5 is right for every length up to 200`() {
        let bytes = (0..<200).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
        var digests: [UInt8] = []
        for count in 0...200 {
            let digest = bytes[..<count].withUnsafeBytes { MD5.digest($0) }
            withUnsafeBytes(of: digest.bigEndian) { digests += $0 }
        }
        #expect(self.md5(digests) == "2e3ec01a4d26bb2493e8ccdb451b81c2")
    }

    /// The vectors of Kafka's own test of its partitioner's hash.
    @Test(
        arguments: [
            ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
        ] as [(String, Int32)]
    )
    func `murmur2 is Kafka's`(_ text: String, _ hash: Int32) {
        let computed = Array(text.utf8).withUnsafeBytes { Murmur2.hash($0) }
        #expect(Int32(bitPattern: computed) == hash)
        let partition = Array(text.utf8).withUnsafeBytes { Murmur2.partition(for: $0, of: 7) }
        #expect(partition == Int(UInt32(bitPattern: hash) & 0x7FFF_FFFF) % 7)
    }

    @Test func `a partition key lies where AWS puts it`() {
        let key = Array("partitionKey-1".utf8).withUnsafeBytes { HashKey(partitionKey: $0) }
        #expect(key.description == "159499196025307651934328298402289840726")
    }

    @Test(
        arguments: [
            ("0", 0), ("340282366920938463463374607431768211455", UInt128.max),
            ("340282366920938463463374607431768211456", nil), ("00", nil), ("01", nil), ("", nil), ("-1", nil),
            ("12a", nil), ("9999999999999999999999999999999999999999", nil),
        ] as [(String, UInt128?)]
    )
    func `explicit hash keys are decimal and below 2^128`(_ text: String, _ value: UInt128?) {
        #expect(HashKey(decimal: text.utf8)?.value == value)
    }

    @Test func `an aggregate is known by magic and checksum`() {
        let message = Array("\u{0A}\u{01}a protobuf message".utf8)
        var aggregate: [UInt8] = [0xF3, 0x89, 0x9A, 0xC2] + message
        let digest = message.withUnsafeBytes { MD5.digest($0) }
        withUnsafeBytes(of: digest.bigEndian) { aggregate.append(contentsOf: $0) }
        func isValid(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { AggregatedRecord.isValid($0) } }
        #expect(isValid(aggregate))
        for index in aggregate.indices {
            var damaged = aggregate
            damaged[index] ^= 1
            #expect(!isValid(damaged))
        }
        #expect(!isValid(Array(aggregate.prefix(19))))
        #expect(!isValid([]))
    }

    @Test func `sha256 is sha256`() {
        let digest = Array("abc".utf8).withUnsafeBytes { SHA256Digest.hex($0) }
        #expect(digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
