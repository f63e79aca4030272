import LeaseTables
import Testing

/// Numbers as DynamoDB keeps them.
@Suite struct DecimalNumberTests {
    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("000", "0"), ("1", "1"), ("+1", "1"), ("007", "7"), ("1.0", "1"), ("1.50", "1.5"),
        (".5", "0.5"), ("5.", "5"), ("-12.340", "-12.34"), ("1e3", "1000"), ("1E-3", "0.001"), ("120e-2", "1.2"),
        ("1200", "1200"), ("0.00012", "0.00012"), ("9.9E125", "99" + String(repeating: "0", count: 124)),
        ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
        ("100000000000000000000000000000000000000000", "100000000000000000000000000000000000000000"),
    ])
    func `is printed without what does not count`(text: String, printed: String) throws {
        let number = try DecimalNumber(text: text)
        #expect(number.description == printed)
        #expect(try DecimalNumber(text: printed) == number)
    }

    @Test(arguments: ["", "-", ".", "e1", "1e", "1e+", "1.2.3", "0x1", " 1", "1 ", "NaN", "١", "1,0"])
    func `refuses what is not a number`(text: String) {
        #expect(throws: DecimalNumber.Failure.malformed) { try DecimalNumber(text: text) }
    }

    @Test func `refuses what is too long or too large`() {
        #expect(throws: DecimalNumber.Failure.malformed) {
            try DecimalNumber(text: String(repeating: "1", count: 1_000_000))
        }
        #expect(throws: DecimalNumber.Failure.precision) {
            try DecimalNumber(text: String(repeating: "1", count: 39))
        }
        #expect(throws: DecimalNumber.Failure.precision) {
            try DecimalNumber(text: "1" + String(repeating: "0", count: 37) + "1")
        }
        #expect(throws: DecimalNumber.Failure.overflow) { try DecimalNumber(text: "1e126") }
        #expect(throws: DecimalNumber.Failure.overflow) { try DecimalNumber(text: "1e99999999999999999999") }
        #expect(throws: DecimalNumber.Failure.underflow) { try DecimalNumber(text: "1e-131") }
    }

    @Test func `adds exactly and is ordered`() throws {
        let texts = ["-1e20", "-3", "-2.5", "-0.001", "0", "1e-10", "0.1", "0.2", "0.3", "1", "9", "10", "1e20"]
        let numbers = try texts.map { try DecimalNumber(text: $0) }
        #expect(numbers.shuffled().sorted() == numbers)
        #expect(try DecimalNumber(text: "0.1").adding(DecimalNumber(text: "0.2")) == DecimalNumber(text: "0.3"))
        #expect(try DecimalNumber(7).adding(DecimalNumber(-7)) == .zero)
        #expect(try DecimalNumber(5).adding(DecimalNumber(8).negated) == DecimalNumber(-3))
        #expect(throws: DecimalNumber.Failure.precision) {
            try DecimalNumber(text: "1e38").adding(DecimalNumber(1))
        }
        let most = try DecimalNumber(text: String(repeating: "9", count: 38))
        #expect(throws: DecimalNumber.Failure.precision) { try most.adding(most) }
        #expect(DecimalNumber(.max).integer == .max)
        #expect(DecimalNumber(.min).integer == .min)
        #expect(try DecimalNumber(text: "9223372036854775808").integer == nil)
        #expect(try DecimalNumber(text: "0.5").integer == nil)
    }
}
