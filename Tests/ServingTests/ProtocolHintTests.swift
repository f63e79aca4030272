import Testing

@testable import Serving

@Suite struct ProtocolHintTests {
    @Test(arguments: [
        ("GET / HTTP/1.1", ProtocolHint.http), ("POST / HTTP/1.1", .http), ("PRI * HTTP/2.0", .http2),
        ("\u{16}\u{03}\u{01}\u{02}\u{00}", .tls), ("\u{00}\u{00}\u{00}\u{20}\u{00}\u{12}", .kafka),
    ])
    func `the first bytes tell the protocol`(text: String, hint: ProtocolHint) {
        #expect(ProtocolHint(firstBytes: text.utf8) == hint)
    }

    @Test(arguments: ["", "GE", "\u{16}\u{04}\u{00}\u{00}", "\u{00}\u{00}\u{00}\u{20}", "abcdef"])
    func `too few bytes and other bytes tell nothing`(text: String) {
        #expect(ProtocolHint(firstBytes: text.utf8) == nil)
    }

    @Test func `each port has advice for every protocol but its own`() {
        #expect(ProtocolHint.allCases.filter { $0.adviceOnKafkaPort == nil } == [.kafka])
        #expect(ProtocolHint.allCases.filter { $0.adviceOnKinesisPort == nil } == [.http, .http2])
    }
}
