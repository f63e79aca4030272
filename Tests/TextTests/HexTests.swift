import Testing
import Text

@Suite struct HexTests {
    @Test func `every byte has two lower-case digits`() {
        for byte in UInt8.min...UInt8.max {
            let digits = String(byte, radix: 16)
            #expect(Hex.text([byte]) == (digits.count == 1 ? "0" + digits : digits))
        }
        #expect(Hex.text([UInt8]()) == "")
    }

    @Test func `a word has sixteen digits`() {
        #expect(Hex.text(UInt64(0x0123_4567_89AB_CDEF)) == "0123456789abcdef")
        #expect(Hex.text(UInt64(0)) == "0000000000000000")
    }

    @Test func `a UUID has its dashes, version and variant`() {
        #expect(UUIDText.format(high: 0x0123_4567_89AB_CDEF, low: .max) == "01234567-89ab-cdef-ffff-ffffffffffff")
        let (high, low) = UUIDText.version4(high: .max, low: .max)
        #expect(UUIDText.format(high: high, low: low) == "ffffffff-ffff-4fff-bfff-ffffffffffff")
    }
}
