import NIOCore
import Testing

@testable import KinesisServer

/// Every event in every state of a subscription.
@Suite struct SubscriptionMachineTests {
    enum Place: CaseIterable {
        case opening, idle, reading, waiting, sending, sendingLast, ending, over
    }

    private static let start = NIODeadline.uptimeNanoseconds(0) + .seconds(100)
    private static let pause = TimeAmount.seconds(1)

    /// `SubscriptionMachine` for `#expect`, which takes no mutating calls.
    private final class Machine {
        private var machine = SubscriptionMachine(now: start)

        init(in place: Place) {
            if place == .opening { return }
            _ = self.part()
            switch place {
            case .opening, .idle: break
            case .reading:
                _ = self.part()
                self.machine.readBegan()
            case .waiting: _ = self.look()
            case .sending: _ = self.look(hasRecords: true)
            case .sendingLast: _ = self.look(isAtEnd: true)
            case .ending:
                _ = self.part()
                self.machine.lookFailed()
            case .over: self.machine.cancelled()
            }
        }

        func part(after time: TimeAmount = .zero) -> SubscriptionMachine.PartAction {
            self.machine.partRequested(now: start + time)
        }

        /// A part is asked for, and the log looked at.
        func look(
            hasRecords: Bool = false,
            isAtEnd: Bool = false,
            after time: TimeAmount = .zero
        ) -> SubscriptionMachine.FoundAction {
            #expect(self.part(after: time) == .look)
            return self.machine.looked(hasRecords: hasRecords, isAtEnd: isAtEnd, now: start + time, again: pause)
        }

        func wrote(isWhole: Bool) { self.machine.wrotePart(isWhole: isWhole) }
        func woken() -> Bool { self.machine.woken() }
        func readEnded() -> Bool { self.machine.readEnded() }
        func failed() -> Bool { self.machine.failed() }
        func quiesced() -> Bool { self.machine.quiesced(now: start) }
        func cancelled() { self.machine.cancelled() }
        func paused(for time: TimeAmount) { self.machine.paused(until: start + time) }
        func mayRead(after time: TimeAmount) -> Bool { self.machine.mayRead(now: start + time) }
    }

    @Test(arguments: Place.allCases) func `a part is what the state has`(_ place: Place) {
        let expected: SubscriptionMachine.PartAction =
            switch place {
            case .opening: .open
            case .idle: .look
            case .reading, .waiting: .later
            case .sending, .sendingLast: .resumeEvent
            case .ending, .over: .end
            }
        #expect(Machine(in: place).part() == expected)
    }

    @Test(arguments: Place.allCases) func `only who waits is woken, and looks again`(_ place: Place) {
        let machine = Machine(in: place)
        let before = place == .opening ? nil : Optional(machine.woken())
        #expect(before ?? machine.woken() == (place == .waiting))
        if place == .waiting { #expect(machine.part() == .look) }
    }

    @Test(arguments: Place.allCases) func `only a read under way ends`(_ place: Place) {
        let machine = Machine(in: place)
        #expect(machine.readEnded() == (place == .reading))
        if place == .reading { #expect(machine.part() == .look) }
    }

    @Test(arguments: Place.allCases) func `an error is the next message, once an event is whole`(_ place: Place) {
        let machine = Machine(in: place)
        #expect(machine.failed() == (place == .waiting))
        switch place {
        case .opening:
            #expect(machine.part() == .open)
            #expect(machine.part() == .fail)
        case .idle, .waiting: #expect(machine.part() == .fail)
        case .reading:
            #expect(machine.part() == .later)
            #expect(machine.readEnded())
            #expect(machine.part() == .fail)
        case .sending:
            #expect(machine.part() == .resumeEvent)
            machine.wrote(isWhole: true)
            #expect(machine.part() == .fail)
        case .sendingLast:
            machine.wrote(isWhole: true)
            #expect(machine.part() == .end, "it has ended by itself")
        case .ending, .over: #expect(machine.part() == .end)
        }
        if ![.sendingLast, .over, .ending].contains(place) { #expect(machine.part() == .end, "nothing follows it") }
    }

    @Test(arguments: Place.allCases) func `a server that stops ends it behind what is under way`(_ place: Place) {
        let machine = Machine(in: place)
        #expect(machine.quiesced() == (place == .waiting))
        switch place {
        case .opening: #expect(machine.part() == .open)
        case .reading: #expect(machine.readEnded())
        case .sending, .sendingLast: machine.wrote(isWhole: true)
        case .idle, .waiting, .ending, .over: break
        }
        #expect(machine.part() == .end)
    }

    @Test(arguments: Place.allCases) func `nothing follows when the client has gone`(_ place: Place) {
        let machine = Machine(in: place)
        machine.cancelled()
        #expect(machine.part() == .end)
        #expect(!machine.woken() && !machine.readEnded() && !machine.failed() && !machine.quiesced())
        machine.wrote(isWhole: true)
        #expect(machine.part() == .end)
    }

    @Test(arguments: Place.allCases) func `only an event is written`(_ place: Place) {
        let machine = Machine(in: place)
        machine.wrote(isWhole: false)
        if place == .sending { #expect(machine.part() == .resumeEvent) }
        machine.wrote(isWhole: true)
        if place == .sending { #expect(machine.part() == .look) }
        if place == .sendingLast { #expect(machine.part() == .end) }
    }

    // MARK: Time

    @Test func `an event goes out every four and a half seconds, also without records`() {
        let machine = Machine(in: .idle)
        #expect(machine.look(after: .milliseconds(4499)) == .wait(until: Self.start + .milliseconds(4500)))
        #expect(machine.woken())
        #expect(machine.look(after: .milliseconds(4500)) == .send)
        machine.wrote(isWhole: true)
        #expect(machine.look(after: .milliseconds(4501)) == .wait(until: Self.start + .milliseconds(5501)))
    }

    @Test func `it lasts five minutes`() {
        let machine = Machine(in: .idle)
        #expect(machine.look(hasRecords: true, after: .milliseconds(299_500)) == .send)
        machine.wrote(isWhole: true)
        #expect(machine.look(after: .milliseconds(299_999)) == .wait(until: Self.start + .minutes(5)))
        #expect(machine.woken())
        #expect(machine.part(after: .minutes(5)) == .end)
    }

    @Test func `without a budget no records are read until it is there again`() {
        let machine = Machine(in: .sending)
        machine.paused(for: .milliseconds(500))
        machine.paused(for: .milliseconds(200))
        machine.wrote(isWhole: true)
        #expect(!machine.mayRead(after: .milliseconds(499)))
        #expect(machine.look() == .wait(until: Self.start + .milliseconds(500)))
        #expect(machine.woken())
        #expect(machine.mayRead(after: .milliseconds(500)))
        #expect(machine.look(hasRecords: true, after: .milliseconds(500)) == .send)
    }
}
