/// MD5 (RFC 1321) of one buffer: where a partition key lies in the hash space, and the trailer of KPL aggregates.
///
/// Written out because it runs once per record on a few dozen bytes: the digest object of a crypto library is a heap
/// allocation, this is none. Not for anything that must resist an attacker.
package enum MD5 {
    /// The digest as a big-endian number, which is how Kinesis orders it.
    package static func digest(_ bytes: UnsafeRawBufferPointer) -> UInt128 {
        var state = SIMD4<UInt32>(0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476)
        let whole = bytes.count & ~63
        for start in stride(from: 0, to: whole, by: 64) {
            Self.absorb(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + 64)]), into: &state)
        }
        // The rest, a one bit, zeros and the length in bits fill one block or two.
        withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { tail in
            let rest = bytes.count - whole
            tail.initializeMemory(as: UInt8.self, repeating: 0)
            if rest > 0 {
                UnsafeMutableRawBufferPointer(rebasing: tail[..<rest])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[whole...]))
            }
            tail[rest] = 0x80
            let blocks = rest < 56 ? 1 : 2
            tail.storeBytes(
                of: (UInt64(bytes.count) &* 8).littleEndian,
                toByteOffset: blocks * 64 - 8,
                as: UInt64.self
            )
            for block in 0..<blocks {
                Self.absorb(UnsafeRawBufferPointer(rebasing: tail[(block * 64)..<(block * 64 + 64)]), into: &state)
            }
        }
        var digest: UInt128 = 0
        for index in 0..<4 { digest = digest << 32 | UInt128(state[index].byteSwapped) }
        return digest
    }

    @inline(__always)
    private static func step(
        _ mixed: UInt32,
        _ a: inout UInt32,
        _ b: UInt32,
        _ word: UInt32,
        _ constant: UInt32,
        _ shift: UInt32
    ) {
        let sum = a &+ mixed &+ word &+ constant
        a = b &+ (sum &<< shift | sum &>> (32 &- shift))
    }

    private static func absorb(_ block: UnsafeRawBufferPointer, into state: inout SIMD4<UInt32>) {
        var a = state[0]
        var b = state[1]
        var c = state[2]
        var d = state[3]
        let constants = Self.constants.table
        @inline(__always) func word(_ index: Int) -> UInt32 {
            UInt32(littleEndian: block.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self))
        }
        var index = 0
        while index < 16 {
            Self.step(d ^ (b & (c ^ d)), &a, b, word(index), constants[index], 7)
            Self.step(c ^ (a & (b ^ c)), &d, a, word(index &+ 1), constants[index &+ 1], 12)
            Self.step(b ^ (d & (a ^ b)), &c, d, word(index &+ 2), constants[index &+ 2], 17)
            Self.step(a ^ (c & (d ^ a)), &b, c, word(index &+ 3), constants[index &+ 3], 22)
            index &+= 4
        }
        while index < 32 {
            Self.step(c ^ (d & (b ^ c)), &a, b, word((5 &* index &+ 1) & 15), constants[index], 5)
            Self.step(b ^ (c & (a ^ b)), &d, a, word((5 &* index &+ 6) & 15), constants[index &+ 1], 9)
            Self.step(a ^ (b & (d ^ a)), &c, d, word((5 &* index &+ 11) & 15), constants[index &+ 2], 14)
            Self.step(d ^ (a & (c ^ d)), &b, c, word((5 &* index &+ 16) & 15), constants[index &+ 3], 20)
            index &+= 4
        }
        while index < 48 {
            Self.step(b ^ c ^ d, &a, b, word((3 &* index &+ 5) & 15), constants[index], 4)
            Self.step(a ^ b ^ c, &d, a, word((3 &* index &+ 8) & 15), constants[index &+ 1], 11)
            Self.step(d ^ a ^ b, &c, d, word((3 &* index &+ 11) & 15), constants[index &+ 2], 16)
            Self.step(c ^ d ^ a, &b, c, word((3 &* index &+ 14) & 15), constants[index &+ 3], 23)
            index &+= 4
        }
        while index < 64 {
            Self.step(c ^ (b | ~d), &a, b, word((7 &* index) & 15), constants[index], 6)
            Self.step(b ^ (a | ~c), &d, a, word((7 &* index &+ 7) & 15), constants[index &+ 1], 10)
            Self.step(a ^ (d | ~b), &c, d, word((7 &* index &+ 14) & 15), constants[index &+ 2], 15)
            Self.step(d ^ (c | ~a), &b, c, word((7 &* index &+ 21) & 15), constants[index &+ 3], 21)
            index &+= 4
        }
        state &+= SIMD4(a, b, c, d)
    }

    private struct Constants: Sendable {
        // SAFETY: written once before it is published, never freed.
        nonisolated(unsafe) let table: UnsafePointer<UInt32>

        init() {
            let table = UnsafeMutablePointer<UInt32>.allocate(capacity: 64)
            table.initialize(from: Self.values, count: 64)
            self.table = UnsafePointer(table)
        }

        /// floor(2^32 × abs(sin(i + 1)))
        private static let values: [UInt32] = [
            0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
            0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
            0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
            0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
            0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
            0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
            0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
            0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
        ]
    }

    private static let constants = Constants()
}
