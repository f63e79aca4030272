import LogObjects
import Metadata
import Model
import TestSupport
import Testing

@testable import ClusterControl

@Suite struct RegistrationMachineTests {
    private static let broker = BrokerID(3)

    private static func machine(
        _ etcd: inout ClusterEtcd,
        instance: UInt64 = 7
    ) -> (machine: RegistrationMachine, session: MetadataSessionID) {
        let session = etcd.openSession()
        return (
            RegistrationMachine(Self.broker, BrokerRegistration(instance: instance), session: session, deadline: 1_000),
            session
        )
    }

    private static func commit(
        _ transaction: MetadataTransaction,
        _ etcd: inout ClusterEtcd
    ) throws -> MetadataOutcome {
        let outcome = etcd.commit(transaction)
        return try #require(outcome)
    }

    /// Runs it until it serves, refuses, or waits.
    private static func run(
        _ machine: inout RegistrationMachine,
        _ action: RegistrationMachine.Action,
        _ etcd: inout ClusterEtcd,
        now: Int64 = 0
    ) throws -> RegistrationMachine.Action {
        var action = action
        while true {
            switch action {
            case .look(afterMilliseconds: 0):
                action = machine.found(etcd.entries[BrokerRegistration.key(Self.broker)], now: now)
            case .commit(let transaction): action = machine.committed(try Self.commit(transaction, &etcd))
            case .closeSession(let session):
                etcd.closeSession(session)
                action = machine.sessionClosed()
            default: return action
            }
        }
    }

    @Test func `a broker registers, and its incarnation is the revision that did it`() throws {
        var etcd = ClusterEtcd()
        var (machine, session) = Self.machine(&etcd)
        let action = try Self.run(&machine, machine.started(), &etcd)
        let entry = try #require(etcd.entries[BrokerRegistration.key(Self.broker)])
        let incarnation = Incarnation(broker: Self.broker, number: entry.createRevision)
        #expect(action == .serve(incarnation))
        #expect(entry.session == session)
        #expect(etcd.entries[EngineKeys.ownership(incarnation)]?.value == OwnershipState.active.value)
    }

    @Test func `a restart ends its predecessor at once`() throws {
        var etcd = ClusterEtcd()
        var (before, session) = Self.machine(&etcd)
        guard case .serve(let predecessor) = try Self.run(&before, before.started(), &etcd) else { return }
        var (machine, _) = Self.machine(&etcd)
        let action = try Self.run(&machine, machine.started(), &etcd)
        guard case .serve(let successor) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(successor > predecessor)
        // With it goes what else was bound to it, a controller's key for example.
        #expect(!etcd.isOpen(session))
        #expect(etcd.entries[EngineKeys.ownership(predecessor)]?.value == OwnershipState.fenced.value)
    }

    @Test func `another instance with the same ID is waited for, then refused`() throws {
        var etcd = ClusterEtcd()
        var (other, session) = Self.machine(&etcd, instance: 8)
        _ = try Self.run(&other, other.started(), &etcd)
        var (machine, _) = Self.machine(&etcd)
        let action = try Self.run(&machine, machine.started(), &etcd, now: 999)
        #expect(action == .look(afterMilliseconds: 250))
        var patient = machine
        guard case .refuse(let reason) = try Self.run(&machine, .look(afterMilliseconds: 0), &etcd, now: 1_000) else {
            Issue.record("it was not refused")
            return
        }
        #expect(reason.contains("node.id 3"))
        // Its session runs out in time.
        etcd.closeSession(session)
        guard case .serve = try Self.run(&patient, .look(afterMilliseconds: 0), &etcd, now: 1_000) else {
            Issue.record("it does not serve")
            return
        }
    }

    @Test func `a registration whose answer was lost is found again`() throws {
        var etcd = ClusterEtcd()
        var (machine, _) = Self.machine(&etcd)
        guard case .commit(let transaction) = machine.found(nil, now: 0) else { return }
        etcd.commit(transaction)
        check(machine.commitFailed() == .look(afterMilliseconds: 250))
        guard case .serve = try Self.run(&machine, .look(afterMilliseconds: 0), &etcd) else {
            Issue.record("it does not serve")
            return
        }
    }

    @Test func `a claim whose answer was lost is made again`() throws {
        var etcd = ClusterEtcd()
        var (machine, _) = Self.machine(&etcd)
        guard case .commit(let transaction) = machine.found(nil, now: 0) else { return }
        let claim = machine.committed(try Self.commit(transaction, &etcd))
        guard case .commit(let first) = claim else { return }
        etcd.commit(first)
        check(machine.commitFailed() == claim)
        guard case .serve = try Self.run(&machine, claim, &etcd) else {
            Issue.record("it does not serve")
            return
        }
    }

    @Test func `a session that ended before the claim is refused`() throws {
        var etcd = ClusterEtcd()
        var (machine, session) = Self.machine(&etcd)
        guard case .commit(let transaction) = machine.found(nil, now: 0) else { return }
        let claim = machine.committed(try Self.commit(transaction, &etcd))
        etcd.closeSession(session)
        guard case .refuse = try Self.run(&machine, claim, &etcd) else {
            Issue.record("it was not refused")
            return
        }
    }

    @Test func `an incarnation that was fenced before it was claimed does not become active`() throws {
        var etcd = ClusterEtcd()
        var (machine, _) = Self.machine(&etcd)
        guard case .commit(let transaction) = machine.found(nil, now: 0) else { return }
        let claim = machine.committed(try Self.commit(transaction, &etcd))
        let key = EngineKeys.ownership(Incarnation(broker: Self.broker, number: etcd.revision))
        etcd.commit(MetadataTransaction(success: [.put(key: key, value: OwnershipState.fenced.value)]))
        guard case .refuse = try Self.run(&machine, claim, &etcd) else {
            Issue.record("it was not refused")
            return
        }
    }

    @Test func `a damaged registration is refused`() {
        var etcd = ClusterEtcd()
        var (machine, _) = Self.machine(&etcd)
        etcd.commit(MetadataTransaction(success: [.put(key: BrokerRegistration.key(Self.broker), value: [1, 9])]))
        let entry = etcd.entries[BrokerRegistration.key(Self.broker)]
        guard case .refuse = machine.found(entry, now: 0) else {
            Issue.record("it was not refused")
            return
        }
    }

    @Test func `a report that was not asked for is a fault of ours`() async {
        await #expect(processExitsWith: .failure) {
            var etcd = ClusterEtcd()
            var machine = Self.machine(&etcd).machine
            _ = machine.committed(MetadataOutcome(succeeded: true, revision: 1, responses: []))
        }
        await #expect(processExitsWith: .failure) {
            var etcd = ClusterEtcd()
            var machine = Self.machine(&etcd).machine
            _ = machine.found(nil, now: 0)
            _ = machine.found(nil, now: 0)
        }
        await #expect(processExitsWith: .failure) {
            var etcd = ClusterEtcd()
            var machine = Self.machine(&etcd).machine
            _ = machine.sessionClosed()
        }
    }
}

@Suite struct MembershipMachineTests {
    private static func make() -> (machine: MembershipMachine, cluster: ClusterFixture, own: Incarnation) {
        var cluster = ClusterFixture()
        let own = cluster.join(1)
        return (MembershipMachine(own, timeToLive: 9_000, now: 0), cluster, own)
    }

    @Test func `a session is kept alive every third of its time`() {
        var (machine, _, _) = Self.make()
        check(machine.timePassed(now: 2_999) == .none)
        check(machine.timePassed(now: 3_000) == .keepAlive)
        // One request is under way at a time.
        check(machine.timePassed(now: 3_100) == .none)
        check(machine.keptAlive(sentAt: 3_000) == .none)
        check(machine.timePassed(now: 5_999) == .none)
        check(machine.timePassed(now: 6_000) == .keepAlive)
    }

    @Test func `a broker whose metadata is silent is stale, and recovers`() {
        var (machine, _, _) = Self.make()
        check(machine.timePassed(now: 3_000) == .keepAlive)
        check(machine.keepAliveFailed(isSessionGone: false, now: 3_100) == .none)
        check(machine.timePassed(now: 3_599) == .none)
        check(machine.timePassed(now: 3_600) == .keepAlive)
        check(machine.timePassed(now: 6_000) == .becameStale)
        check(machine.state == .stale)
        check(machine.keepAliveFailed(isSessionGone: false, now: 6_100) == .none)
        check(machine.timePassed(now: 6_600) == .keepAlive)
        check(machine.keptAlive(sentAt: 6_600) == .recovered)
        check(machine.state == .member)
    }

    @Test func `a session that is gone ends the membership`() {
        var (machine, _, _) = Self.make()
        _ = machine.timePassed(now: 3_000)
        guard case .end = machine.keepAliveFailed(isSessionGone: true, now: 3_001) else {
            Issue.record("it does not end")
            return
        }
        check(machine.state == .over)
        check(machine.timePassed(now: 20_000) == .none)
        check(machine.keptAlive(sentAt: 20_000) == .none)
        check(machine.keepAliveFailed(isSessionGone: true, now: 20_000) == .none)
    }

    @Test func `a broker that was fenced, or whose registration is gone, ends`() throws {
        var (machine, cluster, own) = Self.make()
        check(machine.imageChanged(try cluster.image) == .none)
        var other = machine
        cluster.lose(own)
        guard case .end = machine.imageChanged(try cluster.image) else {
            Issue.record("it does not end")
            return
        }
        cluster.etcd.commit(TakeOver.fence(own))
        guard case .end(let reason) = other.imageChanged(try cluster.image) else {
            Issue.record("it does not end")
            return
        }
        #expect(reason.contains("fenced"))
        #expect(other.imageChanged(try cluster.image) == .none)
    }
}
