import InterBroker
import Testing

/// Every event of `LinkMachine` in every state.
struct LinkMachineTests {
    private func machine(requests: Int = 4, bytes: Int = 100) -> LinkMachine {
        var limits = LinkMachine.Limits()
        limits.requestsMax = requests
        limits.bytesMax = bytes
        limits.firstRest = 50
        limits.restMax = 150
        return LinkMachine(limits)
    }

    private func connecting() -> LinkMachine {
        var machine = self.machine()
        #expect(machine.requestArrived(1, bytes: 10) == [.connect(attempt: 1)])
        return machine
    }

    private func open() -> LinkMachine {
        var machine = self.connecting()
        #expect(machine.connected(1) == [.send([1])])
        return machine
    }

    private func resting() -> LinkMachine {
        var machine = self.connecting()
        #expect(machine.connectFailed(1) == [.giveUp([1], .unreachable), .rest(50)])
        return machine
    }

    private func ended() -> LinkMachine {
        var machine = self.machine()
        #expect(machine.brokerLeft() == [])
        return machine
    }

    @Test func requestsWaitForTheConnectionInOrder() {
        var machine = self.connecting()
        #expect(machine.requestArrived(2, bytes: 10) == [])
        #expect(machine.requestArrived(3, bytes: 10) == [])
        #expect(machine.connected(1) == [.send([1, 2, 3])])
        #expect(machine.requestArrived(4, bytes: 10) == [.send([4])])
    }

    @Test func aFailedAttemptGivesUpAllThatWaitAndRestsLongerEachTime() {
        var machine = self.resting()
        #expect(machine.requestCount == 0)
        #expect(machine.requestArrived(2, bytes: 10) == [])
        #expect(machine.rested() == [.connect(attempt: 2)])
        #expect(machine.connectFailed(2) == [.giveUp([2], .unreachable), .rest(100)])
        #expect(machine.rested() == [])
        #expect(machine.requestArrived(3, bytes: 10) == [.connect(attempt: 3)])
        #expect(machine.connectFailed(3) == [.giveUp([3], .unreachable), .rest(150)])
        #expect(machine.requestArrived(4, bytes: 10) == [])
        #expect(machine.rested() == [.connect(attempt: 4)])
        #expect(machine.connected(4) == [.send([4])])
        machine.connectionLost(4)
        machine.settled(4)
        // A connection that was made ends the series.
        #expect(machine.requestArrived(5, bytes: 10) == [.connect(attempt: 5)])
        #expect(machine.connectFailed(5) == [.giveUp([5], .unreachable), .rest(50)])
    }

    @Test func newsOfEarlierAttemptsIsDropped() {
        var machine = self.open()
        machine.connectionLost(1)
        #expect(machine.requestArrived(2, bytes: 10) == [.connect(attempt: 2)])
        #expect(machine.connected(1) == [.close(attempt: 1)])
        #expect(machine.connectFailed(1) == [])
        machine.connectionLost(1)
        #expect(machine.connected(2) == [.send([2])])
        machine.connectionLost(1)
        #expect(machine.requestArrived(3, bytes: 10) == [.send([3])])
    }

    @Test func whatIsMoreThanTheLinkMayHaveIsGivenUp() {
        var machine = self.machine(requests: 2, bytes: 100)
        #expect(machine.requestArrived(1, bytes: 500) == [.connect(attempt: 1)], "one is always taken")
        #expect(machine.requestArrived(2, bytes: 1) == [.giveUp([2], .full)])
        #expect(machine.connected(1) == [.send([1])])
        machine.settled(1)
        #expect(machine.requestArrived(3, bytes: 50) == [.send([3])])
        #expect(machine.requestArrived(4, bytes: 50) == [.send([4])])
        #expect(machine.requestArrived(5, bytes: 0) == [.giveUp([5], .full)])
        machine.settled(3)
        #expect(machine.requestArrived(6, bytes: 50) == [.send([6])])
    }

    @Test func aDeadlineSaysWhetherTheRequestWasSent() {
        var waiting = self.connecting()
        #expect(waiting.requestArrived(2, bytes: 10) == [])
        #expect(waiting.deadlinePassed(1) == [.giveUp([1], .timedOut(wasSent: false))])
        #expect(waiting.deadlinePassed(1) == [])
        #expect(waiting.connected(1) == [.send([2])])
        #expect(waiting.deadlinePassed(2) == [.giveUp([2], .timedOut(wasSent: true))])
        #expect(waiting.requestCount == 1, "it takes its room until it is settled")
        waiting.settled(2)
        #expect(waiting.requestCount == 0)
        #expect(waiting.deadlinePassed(2) == [])
        var resting = self.resting()
        #expect(resting.requestArrived(7, bytes: 10) == [])
        #expect(resting.deadlinePassed(7) == [.giveUp([7], .timedOut(wasSent: false))])
        #expect(resting.rested() == [])
        var idle = self.machine()
        #expect(idle.deadlinePassed(1) == [])
        var lost = self.open()
        lost.connectionLost(1)
        #expect(lost.deadlinePassed(1) == [.giveUp([1], .timedOut(wasSent: true))])
    }

    @Test func aBrokerThatLeftIsAskedNothing() {
        var idle = self.ended()
        #expect(idle.requestArrived(1, bytes: 1) == [.giveUp([1], .left)])
        #expect(idle.brokerLeft() == [])
        #expect(idle.rested() == [])
        var connecting = self.connecting()
        #expect(connecting.brokerLeft() == [.giveUp([1], .left)])
        #expect(connecting.connected(1) == [.close(attempt: 1)])
        #expect(connecting.connectFailed(1) == [])
        var open = self.open()
        #expect(open.brokerLeft() == [.close(attempt: 1)])
        open.connectionLost(1)
        open.settled(1)
        #expect(open.requestArrived(2, bytes: 1) == [.giveUp([2], .left)])
        var resting = self.resting()
        #expect(resting.requestArrived(2, bytes: 1) == [])
        #expect(resting.brokerLeft() == [.giveUp([2], .left)])
        #expect(resting.rested() == [])
    }

    @Test func eventsThatMeanNothingChangeNothing() {
        var idle = self.machine()
        #expect(idle.rested() == [])
        #expect(idle.connectFailed(0) == [])
        idle.connectionLost(0)
        idle.settled(9)
        #expect(idle.requestArrived(1, bytes: 1) == [.connect(attempt: 1)])
        var connecting = self.connecting()
        #expect(connecting.rested() == [])
        connecting.connectionLost(1)
        #expect(connecting.connected(1) == [.send([1])])
        var open = self.open()
        #expect(open.rested() == [])
        #expect(open.connectFailed(1) == [])
        #expect(open.requestArrived(2, bytes: 1) == [.send([2])])
    }
}
