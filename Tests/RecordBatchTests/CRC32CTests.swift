import TestSupport
import Testing

@testable import RecordBatch

@Suite
struct CRC32CTests {
    /// RFC 3720 appendix B.4, and the check value of the CRC catalogue.
    @Test(
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            ([UInt8](0..<32), 0x46DD_794E),
            ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
            ([UInt8]("123456789".utf8), 0xE306_9283),
            ([], 0),
        ] as [([UInt8], UInt32)]
    )
    func `known vectors have their checksum`(bytes: [UInt8], expected: UInt32) {
        bytes.withUnsafeBytes { bytes in
            #expect(CRC32C.checksum(bytes) == expected)
            #expect(CRC32C.portableChecksum(bytes) == expected)
        }
    }

    @Test func `instructions and tables agree with a bitwise reference at every size and alignment`() {
        var random = SeededGenerator(seed: 1)
        let bytes = (0..<40_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let sizes = Array(0..<64) + [255, 767, 768, 769, 4_095, 12_287, 12_288, 12_289, 20_000, 36_871]
        bytes.withUnsafeBytes { bytes in
            for size in sizes {
                let start = Int.random(in: 0..<16, using: &random)
                let initial = UInt32.random(in: 0...UInt32.max, using: &random)
                let part = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + size)])
                let expected = bitwise(part, initial)
                #expect(CRC32C.checksum(part, initial: initial) == expected, "\(size) bytes at \(start)")
                #expect(CRC32C.portableChecksum(part, initial: initial) == expected, "\(size) bytes at \(start)")
            }
        }
    }

    @Test func `the checksum of a whole is combined from those of its parts`() {
        var random = SeededGenerator(seed: 2)
        let bytes = (0..<5_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        bytes.withUnsafeBytes { bytes in
            for cut in [0, 1, 40, 61, 2_500, 4_999, 5_000] {
                let first = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<cut]))
                let second = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[cut...]))
                let whole = CRC32C.checksum(bytes)
                #expect(CRC32C.combine(first, second, lengthOfB: bytes.count - cut) == whole)
            }
        }
    }

    private func bitwise(_ bytes: UnsafeRawBufferPointer, _ initial: UInt32) -> UInt32 {
        var crc = ~initial
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
        }
        return ~crc
    }
}
