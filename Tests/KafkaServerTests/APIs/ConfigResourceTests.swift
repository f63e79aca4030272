import Broker
import Testing

@testable import KafkaServer

@Suite struct ConfigResourceTests {
    @Test func `the resource types of Kafka's protocol are told apart, and others are refused`() {
        func isKind(_ type: Int8, _ matches: (ConfigResource) -> Bool) -> Bool {
            matches(ConfigResource(type: type, name: "n"))
        }
        #expect(isKind(2) { if case .topic("n") = $0 { true } else { false } })
        #expect(isKind(4) { if case .broker("n") = $0 { true } else { false } })
        #expect(isKind(8) { if case .brokerLogger("n") = $0 { true } else { false } })
        #expect(isKind(16) { if case .clientMetrics("n") = $0 { true } else { false } })
        #expect(isKind(32) { if case .group("n") = $0 { true } else { false } })
        for type in [-128, -1, 0, 1, 3, 64, 127] as [Int8] {
            #expect(isKind(type) { if case .unsupported(type) = $0 { true } else { false } })
            let error: BrokerError = ConfigResource.unsupported(type)
            #expect(error.code == .invalidRequest)
            #expect(error.message == "Unknown resource type \(type)")
        }
    }
}
