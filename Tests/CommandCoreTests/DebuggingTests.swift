import CommandCore
import Testing

@Suite
struct DebuggingTests {
    @Test
    func `a tar archive has whole blocks and a checksum`() {
        var archive = TarArchive(seconds: 1_767_268_800)
        archive.add("bundle/a.txt", Array("hello\n".utf8))
        archive.add("bundle/b.txt", [UInt8](repeating: 7, count: 512))
        let bytes = archive.bytes
        #expect(bytes.count == 512 * 6)
        #expect(String(decoding: bytes[0..<12], as: UTF8.self) == "bundle/a.txt")
        #expect(String(decoding: bytes[257..<262], as: UTF8.self) == "ustar")
        #expect(String(decoding: bytes[124..<135], as: UTF8.self) == "00000000006")
        #expect(Array(bytes[512..<518]) == Array("hello\n".utf8) && bytes[518] == 0)
        let stored = Int(String(decoding: bytes[148..<154], as: UTF8.self), radix: 8)
        let header = bytes[0..<148] + [UInt8](repeating: 32, count: 8) + bytes[156..<512]
        #expect(stored == header.reduce(0) { $0 + Int($1) })
        #expect(bytes.suffix(1024).allSatisfy { $0 == 0 })
    }

    @Test(arguments: [
        ("ssl.keystore.password=hunter2", "ssl.keystore.password= (secret)"),
        ("  password: hunter2", "  password: (secret)"), ("\"adminToken\": \"x\"", "\"adminToken\": (secret)"),
        ("ssl.keystore.location=/a/b", "ssl.keystore.location=/a/b"), ("num.partitions=3", "num.partitions=3"),
        ("password-file: /etc/p", "password-file: /etc/p"), ("# a comment", "# a comment"),
        ("sasl.jaas.config=x required password=\"p\";", "sasl.jaas.config= (secret)"),
        ("- MILLRACE_PASSWORD=p", "- MILLRACE_PASSWORD= (secret)"), ("password:", "password:"),
        ("a=1\n-----BEGIN PRIVATE KEY-----\nxyz\n-----END PRIVATE KEY-----\nb=2", "a=1\n(secret)\nb=2"),
        ("connect: user=a,password=b", "connect: (secret)"),
    ])
    func `secrets are taken out of configuration`(text: String, expected: String) {
        #expect(SecretFilter.filtered(text) == expected)
    }

    @Test
    func `a key has a place on both faces`() {
        // MD5 of "key" is 3c6e0b8a9c15224a8228b9a98ca1531d.
        let place = KeyPlacement(Array("key".utf8), partitions: 12)
        #expect(place.hashKey == 0x3c6e0b8a9c15224a8228b9a98ca1531d)
        #expect((0..<12).contains(place.murmur2Partition) && (0..<12).contains(place.crc32Partition))
        #expect(KeyPlacement(Array("key".utf8), partitions: 1).murmur2Partition == 0)
    }
}
