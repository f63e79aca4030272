import Model
import Testing

@testable import Quotas

/// What clients may use, and how long they pause, with a clock that the tests move.
@Suite struct QuotaSensorsTests {
    private static let alice = QuotaClient(user: "alice", clientID: "a")

    private static func sensors(
        _ quotas: [QuotaKind: Double],
        for entity: QuotaEntity = .client(user: .byDefault),
        max: Int = 10_000
    ) -> QuotaSensors {
        var table = QuotaTable()
        table.set(quotas, for: entity)
        return QuotaSensors(QuotaSensors.Settings(sensorsMax: max), table: table)
    }

    @Test func `without a quota nothing is measured`() {
        var sensors = QuotaSensors()
        #expect(sensors.used(1e12, of: .producerByteRate, by: Self.alice, now: 0) == 0)
        #expect(sensors.admit(1e12, of: .producerByteRate, to: Self.alice, now: 0) == 0)
        #expect(sensors.mutate(1_000_000, by: Self.alice, .strict, now: 0) == .permit)
        #expect(sensors.burst(.consumerByteRate, of: Self.alice) == nil)
        #expect(sensors.count == 0)
    }

    @Test func `a user's clients share its quota, and another user has its own`() {
        var sensors = Self.sensors([.producerByteRate: 1000])
        #expect(sensors.used(9_000, of: .producerByteRate, by: Self.alice, now: 0) == 0)
        let second = QuotaClient(user: "alice", clientID: "b")
        #expect(sensors.used(3_000, of: .producerByteRate, by: second, now: 0) == 2_000)
        #expect(sensors.used(9_000, of: .producerByteRate, by: .init(user: "bob", clientID: "a"), now: 0) == 0)
    }

    @Test func `time is throttled for one sample at most`() {
        var sensors = Self.sensors([.requestPercentage: 1])
        #expect(sensors.used(100, of: .requestPercentage, by: Self.alice, now: 0) == 1000)
    }

    @Test func `a refused amount is not recorded, an admitted one is`() {
        var sensors = Self.sensors([.producerByteRate: 1000])
        #expect(sensors.admit(20_000, of: .producerByteRate, to: Self.alice, now: 0) == 0, "one may exceed it")
        let pause = sensors.admit(1, of: .producerByteRate, to: Self.alice, now: 0)
        #expect(pause == 10_000)
        #expect(sensors.admit(1, of: .producerByteRate, to: Self.alice, now: 0) == pause)
        #expect(sensors.admit(1, of: .producerByteRate, to: Self.alice, now: 11_000) == 0)
    }

    @Test func `a fetch that is throttled leaves no trace`() {
        var sensors = Self.sensors([.consumerByteRate: 1000])
        #expect(sensors.used(10_001, of: .consumerByteRate, by: Self.alice, now: 0) > 0)
        sensors.unused(10_001, of: .consumerByteRate, by: Self.alice, now: 0)
        #expect(sensors.used(10_000, of: .consumerByteRate, by: Self.alice, now: 0) == 0)
        #expect(sensors.burst(.consumerByteRate, of: Self.alice) == 10_000)
    }

    @Test func `mutations are refused or done and paused for, as the version knows`() {
        var strict = Self.sensors([.controllerMutationRate: 1])
        #expect(strict.mutate(20, by: Self.alice, .strict, now: 0) == .permit, "11 are there, and it may overdraw")
        #expect(strict.mutate(1, by: Self.alice, .strict, now: 0) == .refuse(9_000))
        #expect(strict.mutate(1, by: Self.alice, .strict, now: 9_000) == .permit)
        var permissive = Self.sensors([.controllerMutationRate: 1])
        #expect(permissive.mutate(20, by: Self.alice, .permissive, now: 0) == .permitAndPause(9_000))
        #expect(permissive.mutate(1, by: Self.alice, .permissive, now: 0) == .permitAndPause(10_000))
    }

    @Test func `a changed quota holds at once, and what was measured stays`() {
        var sensors = Self.sensors([.producerByteRate: 1000])
        #expect(sensors.used(10_000, of: .producerByteRate, by: Self.alice, now: 0) == 0)
        var table = QuotaTable()
        table.set([.producerByteRate: 500], for: .client(user: .byDefault))
        sensors.quotasChanged(table)
        #expect(sensors.used(0, of: .producerByteRate, by: Self.alice, now: 0) == 10_000)
        sensors.quotasChanged(QuotaTable())
        #expect(sensors.used(1e9, of: .producerByteRate, by: Self.alice, now: 0) == 0)
    }

    @Test func `sensors are forgotten when they remember nothing`() {
        var sensors = Self.sensors([.producerByteRate: 1000], for: .client(clientID: .byDefault))
        for number in 0..<1000 {
            _ = sensors.used(1, of: .producerByteRate, by: .init(user: "", clientID: "\(number)"), now: 0)
        }
        #expect(sensors.count == 1000)
        _ = sensors.used(1, of: .producerByteRate, by: Self.alice, now: 11_000)
        #expect(sensors.count == 1)
    }

    @Test func `another name for each request makes no room once the bound is reached`() {
        var sensors = Self.sensors([.producerByteRate: 1000], for: .client(clientID: .byDefault), max: 10)
        var pauses = 0
        for number in 0..<1000 {
            let client = QuotaClient(user: "", clientID: "\(number)")
            if sensors.used(5_000, of: .producerByteRate, by: client, now: Int64(number)) > 0 { pauses += 1 }
        }
        #expect(sensors.count == 11)
        #expect(pauses == 988, "ten have their own sensor, and two fit into the shared one")
        // Those who were there before are not affected.
        #expect(sensors.used(1_000, of: .producerByteRate, by: .init(user: "", clientID: "3"), now: 1000) == 0)
    }

    /// A client that obeys: it sends as fast as it can and pauses when told. It must get its quota, and not more.
    @Test(arguments: 1...20) func `a client that pauses as told gets its quota in the long run`(_ seed: UInt64) {
        var random = seed &* 0x9E37_79B9_7F4A_7C15
        func next(_ bound: UInt64) -> UInt64 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return random % bound
        }
        let bound = Double(1_000 + next(1_000_000))
        var sensors = Self.sensors([.producerByteRate: bound])
        var now: Int64 = 0
        var sent = 0.0
        let end: Int64 = 600_000
        while now < end {
            let amount = Double(1 + next(UInt64(bound * 2)))
            sent += amount
            let pause = sensors.used(amount, of: .producerByteRate, by: Self.alice, now: now)
            #expect(pause >= 0)
            now += pause + Int64(next(20)) + 1
        }
        let rate = sent * 1000 / Double(now)
        #expect(rate < bound * 1.15 && rate > bound * 0.7, "\(rate) of \(bound)")
    }
}

@Suite struct ConnectionRatesTests {
    private static let address = NetworkAddress("10.0.0.1")

    @Test func `connections beyond the broker's rate are taken later`() {
        var rates = ConnectionRates(.init(ofBroker: 1, protectedListener: "INTERNAL"))
        for _ in 0..<10 { #expect(rates.connectionArrived(on: "CLIENT", now: 0) == 0) }
        #expect(rates.connectionArrived(on: "CLIENT", now: 0) == 1000, "one sample at most")
        #expect(rates.connectionArrived(on: "INTERNAL", now: 0) == 0, "other brokers are not held up by clients")
    }

    @Test func `a listener has a rate of its own`() {
        var rates = ConnectionRates(.init(ofListeners: ["CLIENT": 1]))
        for _ in 0..<10 { #expect(rates.connectionArrived(on: "CLIENT", now: 0) == 0) }
        #expect(rates.connectionArrived(on: "CLIENT", now: 0) == 1000)
        #expect(rates.connectionArrived(on: "OTHER", now: 0) == 0)
    }

    @Test func `an address beyond its rate is closed later, and does not count for others`() throws {
        var table = QuotaTable()
        table.set([.connectionCreationRate: 1], for: .address(.byDefault))
        var rates = ConnectionRates(.init(ofBroker: 2), table: table)
        for now in 0..<100 {
            _ = rates.connectionArrived(on: "CLIENT", now: Int64(now))
            let admission = rates.addressKnown(Self.address, on: "CLIENT", now: Int64(now))
            if now < 10 {
                #expect(admission == .serve)
            } else {
                guard case .closeLater = admission else {
                    Issue.record("\(now): \(admission)")
                    continue
                }
            }
        }
        #expect(rates.connectionArrived(on: "CLIENT", now: 100) == 0, "the closed ones were taken back")
        #expect(rates.addressKnown(NetworkAddress("10.0.0.2"), on: "CLIENT", now: 100) == .serve)
        #expect(rates.addressKnown(nil, on: "CLIENT", now: 100) == .serve)
        #expect(rates.addressKnown(Self.address, on: "CLIENT", now: 20_000) == .serve, "a window later it may again")
    }

    @Test func `addresses are bounded`() {
        var table = QuotaTable()
        table.set([.connectionCreationRate: 1], for: .address(.byDefault))
        var rates = ConnectionRates(.init(addressesMax: 5), table: table)
        for number in 0..<1000 {
            _ = rates.addressKnown(NetworkAddress(bits: UInt128(number)), on: "CLIENT", now: Int64(number))
        }
        #expect(rates.addressCount == 6)
        _ = rates.addressKnown(NetworkAddress(bits: 5000), on: "CLIENT", now: 50_000)
        #expect(rates.addressCount == 1)
    }
}
