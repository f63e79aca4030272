import Model
import Synchronization
import Testing
import Threads

@testable import Serving

@Suite struct AuditLogTests {
    private static func event(
        _ kind: AuditEvent.Kind,
        from host: String,
        _ reason: String? = nil,
        _ outcome: AuditEvent.Outcome? = nil
    ) -> AuditEvent {
        let session = Session(
            listener: "KAFKA",
            local: Endpoint(host: "127.0.0.1", port: 9092),
            remote: Endpoint(host: host, port: 40_000),
            tls: TLSSession(version: "TLSv1.3"),
            principal: Principal(name: "alice")
        )
        return AuditEvent(
            kind,
            session: session,
            face: "kafka",
            operation: "CreateTopics",
            resource: "TOPIC:orders",
            outcome: outcome ?? (kind == .administration ? .succeeded : .refused),
            reason: reason
        )
    }

    private final class Lines: Sendable {
        private let bytes = Mutex<[UInt8]>([])
        func append(_ more: [UInt8]) { self.bytes.withLock { $0 += more } }
        var all: [String] {
            String(decoding: self.bytes.withLock { $0 }, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    private func log(_ lines: Lines, at monotonic: @escaping @Sendable () -> Int64 = { 0 }) -> QueuedAuditLog {
        QueuedAuditLog(now: { 1_796_038_205_123 }, monotonicMilliseconds: monotonic) { lines.append($0) }
    }

    @Test func `an event is one line of JSON`() {
        let lines = Lines()
        let log = self.log(lines)
        log.record(Self.event(.administration, from: "10.0.0.1", "a \"quoted\"\nreason"))
        log.shutdown()
        #expect(
            lines.all == [
                #"{"time":"2026-11-30T11:30:05.123Z","event":"administration","outcome":"succeeded","#
                    + #""principal":"User:alice","listener":"KAFKA","address":"10.0.0.1","port":40000,"#
                    + #""tls":"TLSv1.3","protocol":"kafka","operation":"CreateTopics","resource":"TOPIC:orders","#
                    + #""reason":"a \"quoted\"\nreason"}"#
            ]
        )
    }

    @Test func `refusals beyond the limit of an address are counted, acts are not`() {
        let lines = Lines()
        let log = self.log(lines)
        for _ in 0..<(AuditLimiter.refusalsMax + 5) { log.record(Self.event(.authorization, from: "10.0.0.1")) }
        for _ in 0..<(AuditLimiter.refusalsMax + 5) { log.record(Self.event(.administration, from: "10.0.0.1")) }
        log.record(Self.event(.authentication, from: "10.0.0.2"))
        log.shutdown()
        let all = lines.all
        #expect(all.filter { $0.contains(#""event":"authorization""#) }.count == AuditLimiter.refusalsMax)
        #expect(all.filter { $0.contains(#""event":"administration""#) }.count == AuditLimiter.refusalsMax + 5)
        #expect(all.filter { $0.contains(#""event":"authentication""#) }.count == 1)
        #expect(all.filter { $0.contains(#""event":"omitted","count":5,"address":"10.0.0.1""#) }.count == 1)
    }

    @Test(arguments: [AuditEvent.Outcome.refused, .failed])
    func `acts that are refused or fail are limited as refusals are`(outcome: AuditEvent.Outcome) {
        let lines = Lines()
        let log = self.log(lines)
        for _ in 0..<(AuditLimiter.refusalsMax + 5) {
            log.record(Self.event(.administration, from: "10.0.0.1", nil, outcome))
        }
        log.record(Self.event(.administration, from: "10.0.0.1"))
        log.shutdown()
        let acts = lines.all.filter { $0.contains(#""event":"administration""#) }
        #expect(acts.count == AuditLimiter.refusalsMax + 1)
        #expect(lines.all.contains { $0.contains(#""event":"omitted","count":5,"address":"10.0.0.1""#) })
    }

    @Test func `a window ends with the counts and the next refusals are written`() {
        var limiter = AuditLimiter()
        let written = (0..<AuditLimiter.refusalsMax).map { _ in limiter.refused("a", at: 5) }
        #expect(written.allSatisfy { $0 })
        let further = limiter.refused("a", at: 5)
        #expect(!further)
        #expect(limiter.hasOmissions)
        let early = limiter.windowEnded(at: limiter.deadline - 1)
        #expect(early == [])
        let omissions = limiter.windowEnded(at: limiter.deadline)
        #expect(omissions == [.init(address: "a", count: 1)])
        let later = limiter.refused("a", at: 20_000)
        #expect(later)
        #expect(!limiter.hasOmissions)
    }

    @Test func `addresses beyond the bound share one place`() {
        var limiter = AuditLimiter()
        var written: [Bool] = []
        for number in 0..<AuditLimiter.addressesMax { written.append(limiter.refused("\(number)", at: 0)) }
        for _ in 0..<AuditLimiter.refusalsMax { written.append(limiter.refused("further", at: 0)) }
        #expect(written.allSatisfy { $0 })
        let another = limiter.refused("another", at: 0)
        #expect(!another)
        let omissions = limiter.end()
        #expect(omissions == [.init(address: AuditLimiter.otherAddresses, count: 1)])
    }

    @Test func `a full queue loses events, says how many, and blocks nobody`() {
        let lines = Lines()
        let gate = Semaphore()
        let entered = Semaphore()
        let log = QueuedAuditLog(now: { 0 }, monotonicMilliseconds: { 0 }) { bytes in
            entered.signal()
            gate.wait()
            lines.append(bytes)
        }
        log.record(Self.event(.administration, from: "a"))
        entered.wait()
        for _ in 0..<(QueuedAuditLog.eventsMax + 3) { log.record(Self.event(.administration, from: "a")) }
        for _ in 0..<3 { gate.signal() }
        log.shutdown()
        let all = lines.all
        #expect(all.count == QueuedAuditLog.eventsMax + 2)
        #expect(all.last?.contains(#""event":"omitted","count":3"#) == true)
    }

    @Test func `long names are cut`() {
        let lines = Lines()
        let log = self.log(lines)
        log.record(Self.event(.administration, from: "a", String(repeating: "x", count: 100_000)))
        log.shutdown()
        #expect((lines.all.first?.utf8.count ?? 0) < 2_000)
    }
}
