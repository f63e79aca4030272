import Testing

@testable import AdminServer

/// Every state of the login machine against every event.
@Suite struct LoginMachineTests {
    /// The states in which a user and an address can be.
    enum Start: CaseIterable {
        case quiet
        case counting
        case userBlocked
        case addressBlocked
        case busy
    }

    private static let now: Int64 = 1_000_000
    private static let user = "alice"
    private static let address = "192.0.2.1"

    private static func fail(_ machine: inout LoginMachine, _ user: String, _ address: String, _ now: Int64) {
        guard machine.attempted(user: user, address: address, now: now) == .verify else { return }
        machine.verified(false, user: user, address: address, now: now)
    }

    private static func make(in start: Start) -> LoginMachine {
        var machine = LoginMachine()
        switch start {
        case .quiet: break
        case .counting:
            for _ in 0..<LoginMachine.userFailuresFree { Self.fail(&machine, Self.user, Self.address, Self.now) }
        case .userBlocked:
            for index in 0...LoginMachine.userFailuresFree {
                Self.fail(&machine, Self.user, "198.51.100.\(index)", Self.now)
            }
        case .addressBlocked:
            for index in 0...LoginMachine.addressFailuresFree {
                Self.fail(&machine, "u\(index)", Self.address, Self.now)
            }
        case .busy:
            for index in 0..<LoginMachine.verifyingMax {
                #expect(machine.attempted(user: "u\(index)", address: "203.0.113.\(index)", now: Self.now) == .verify)
            }
        }
        return machine
    }

    @Test(
        arguments: [
            (Start.quiet, LoginMachine.Decision.verify), (.counting, .verify),
            (.userBlocked, .refuse(afterMilliseconds: 1000)), (.addressBlocked, .refuse(afterMilliseconds: 1000)),
            (.busy, .refuse(afterMilliseconds: 1000)),
        ]
    )
    func `an attempt is verified unless its user, its address or the server has enough`(
        _ start: Start,
        _ decision: LoginMachine.Decision
    ) {
        var machine = Self.make(in: start)
        #expect(machine.attempted(user: Self.user, address: Self.address, now: Self.now) == decision)
    }

    @Test(arguments: Start.allCases) func `a token is slowed by its address alone`(_ start: Start) {
        var machine = Self.make(in: start)
        let decision = machine.attempted(user: nil, address: Self.address, now: Self.now)
        let isRefused = start == .addressBlocked || start == .busy
        #expect((decision == .verify) == !isRefused)
    }

    @Test(arguments: Start.allCases) func `time ends every state but that of attempts under way`(_ start: Start) {
        var machine = Self.make(in: start)
        let later = Self.now + LoginMachine.windowMilliseconds + LoginMachine.addressBlockMax + 1
        let decision = machine.attempted(user: Self.user, address: Self.address, now: later)
        #expect(decision == (start == .busy ? .refuse(afterMilliseconds: 1000) : .verify))
        if start == .busy {
            machine.verified(true, user: "u0", address: "203.0.113.0", now: later)
            #expect(machine.attempted(user: Self.user, address: Self.address, now: later) == .verify)
        }
    }

    @Test(arguments: [Start.quiet, .counting]) func `a success forgets the user's failures`(_ start: Start) {
        var machine = Self.make(in: start)
        #expect(machine.attempted(user: Self.user, address: Self.address, now: Self.now) == .verify)
        machine.verified(true, user: Self.user, address: Self.address, now: Self.now)
        Self.fail(&machine, Self.user, "198.51.100.1", Self.now)
        #expect(machine.attempted(user: Self.user, address: "198.51.100.2", now: Self.now) == .verify)
    }

    @Test func `a success does not forget the address's failures`() {
        var machine = LoginMachine()
        for index in 0..<LoginMachine.addressFailuresFree { Self.fail(&machine, "u\(index)", Self.address, Self.now) }
        #expect(machine.attempted(user: Self.user, address: Self.address, now: Self.now) == .verify)
        machine.verified(true, user: Self.user, address: Self.address, now: Self.now)
        Self.fail(&machine, "v", Self.address, Self.now)
        #expect(machine.attempted(user: Self.user, address: Self.address, now: Self.now) != .verify)
    }

    @Test func `blocks double up to their bound, which is short for a user and long for an address`() {
        var machine = LoginMachine()
        var now = Self.now
        var userBlocks: [Int64] = []
        for index in 0..<20 {
            Self.fail(&machine, Self.user, "2001:db8:0:\(index)::1", now)
            if case .refuse(let wait) = machine.attempted(user: Self.user, address: "198.51.100.9", now: now) {
                userBlocks.append(wait)
                now += wait
            } else {
                machine.verified(true, user: nil, address: "198.51.100.9", now: now)
            }
        }
        #expect(userBlocks.prefix(6) == [1000, 2000, 4000, 8000, 16_000, 30_000])
        #expect(userBlocks.allSatisfy { $0 <= LoginMachine.userBlockMax })
        machine = LoginMachine()
        var addressBlocks: [Int64] = []
        for index in 0..<40 {
            Self.fail(&machine, "u\(index)", Self.address, now)
            guard case .refuse(let wait) = machine.attempted(user: "other\(index)", address: Self.address, now: now)
            else {
                machine.verified(true, user: nil, address: Self.address, now: now)
                continue
            }
            addressBlocks.append(wait)
            now += wait
        }
        #expect(addressBlocks.prefix(3) == [1000, 2000, 4000])
        #expect(addressBlocks.last == LoginMachine.addressBlockMax)
    }

    @Test(
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"), ("2001:db8::1", "2001:db8:0:0"),
            ("::1", "0:0:0:0"), ("fe80::1%eth0", "fe80:0:0:0"), ("::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("", ""),
        ]
    )
    func `an IPv6 address counts by its first half`(_ address: String, _ network: String) {
        #expect(LoginMachine.network(of: address) == network)
    }

    @Test func `a flood of addresses is bounded and forgets the oldest`() {
        var machine = LoginMachine()
        for index in 0..<(LoginMachine.subjectsMax + 100) {
            Self.fail(&machine, "u\(index)", "a\(index)", Self.now + Int64(index))
        }
        #expect(machine.attempted(user: "u0", address: "a0", now: Self.now) == .verify)
    }
}
