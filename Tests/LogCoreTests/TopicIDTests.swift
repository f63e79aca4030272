import Testing

@testable import Model

struct TopicIDTests {
    @Test func `the text of a random ID does not begin like an option`() {
        for first in UInt64(0)..<64 {
            let id = TopicID(randomHigh: first << 58 | 0xABCD, low: .max)
            #expect(id.description.first != "-")
            #expect(TopicID(text: id.description) == id)
            #expect(id.high >> 12 & 0xF == 4)
            #expect(id.low >> 62 == 0b10)
        }
        #expect(TopicID(high: 62 << 58, low: 0).description.first == "-")
    }
}
