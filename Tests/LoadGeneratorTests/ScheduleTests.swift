import Testing

@testable import LoadGenerator

@Suite struct ScheduleTests {
    @Test(arguments: [0.5, 1, 3, 999.7, 1000, 33_333.3, 1e6, 7e7])
    func `a record is due from its intended moment on and not before`(rate: Double) {
        let schedule = SendSchedule(start: 123_456_789, rate: rate, count: 5000)
        for index in [0, 1, 2, 7, 999, 4998, 4999] {
            let moment = schedule.intended(index)
            #expect(schedule.due(at: moment) >= index + 1)
            // At the highest rates several records share a nanosecond.
            if index > 0, schedule.intended(index - 1) < moment { #expect(schedule.due(at: moment - 1) == index) }
        }
        #expect(schedule.due(at: 0) == 0)
        #expect(schedule.due(at: .max) == 5000)
    }

    @Test func `intended moments do not depend on what happened before`() {
        let schedule = SendSchedule(start: 0, rate: 1000, count: 1_000_000)
        #expect(schedule.intended(0) == 0)
        #expect(schedule.intended(1) == 1_000_000)
        #expect(schedule.intended(999_999) == 999_999_000_000)
    }

    @Test func `lanes share the schedule without gaps or repetitions`() {
        let schedule = SendSchedule(start: 0, rate: 100, count: 1000)
        var lanes = (0..<7).map { Lane(index: $0, of: 7) }
        var sent: [Int] = []
        for moment in stride(from: 0, through: 12_000_000_000, by: 130_000_000) {
            let due = schedule.due(at: UInt64(moment))
            for lane in lanes.indices {
                for _ in 0..<lanes[lane].waitingCount(due: due) {
                    sent.append(lanes[lane].nextIndex)
                    lanes[lane].sent(1)
                }
            }
        }
        #expect(sent.sorted() == Array(0..<1000))
        #expect(lanes.allSatisfy { $0.readyTime(schedule, batchRecords: 10, linger: 0) == nil })
    }

    @Test func `a batch is ready when it is full or its first record has lingered`() {
        let schedule = SendSchedule(start: 1000, rate: 1000, count: 100)
        let lane = Lane(index: 1, of: 2)
        // Records 1, 3, 5 … of the schedule: at 1, 3 and 5 ms.
        #expect(lane.readyTime(schedule, batchRecords: 3, linger: 10_000_000) == 5_001_000)
        #expect(lane.readyTime(schedule, batchRecords: 3, linger: 2_000_000) == 3_001_000)
        #expect(lane.readyTime(schedule, batchRecords: 1, linger: 2_000_000) == 1_001_000)
        #expect(lane.readyTime(schedule, batchRecords: 1000, linger: 2_000_000) == 3_001_000)
    }

    @Test func `every partition gets a lane and every connection work`() {
        let many = LanePlan(leaders: [1, 1, 1, 1, 1], connectionsPerBroker: 2)
        #expect(many.connections == [1, 1])
        #expect(many.lanes.map(\.partition) == [0, 1, 2, 3, 4])
        #expect(many.lanes.map(\.connection) == [0, 1, 0, 1, 0])
        let few = LanePlan(leaders: [1, 1], connectionsPerBroker: 5)
        #expect(few.connections.count == 5)
        #expect(few.lanes.map(\.partition) == [0, 1, 0, 1, 0])
        #expect(Set(few.lanes.map(\.connection)).count == 5)
        let brokers = LanePlan(leaders: [1, 2, 1, 2, 3], connectionsPerBroker: 2)
        #expect(brokers.connections.sorted() == [1, 1, 2, 2, 3])
        for lane in brokers.lanes {
            #expect(brokers.connections[lane.connection] == [1, 2, 1, 2, 3][Int(lane.partition)])
        }
    }

    @Test func `what a load is asked to do must make sense`() throws {
        func volume(
            _ records: Int?,
            _ seconds: Double?,
            _ warmupRecords: Int = 0,
            _ warmupSeconds: Double = 0
        ) throws -> LoadVolume {
            try LoadVolume(
                records: records,
                seconds: seconds,
                warmupRecords: warmupRecords,
                warmupSeconds: warmupSeconds,
                fallback: .records(7)
            )
        }
        #expect(try volume(nil, nil).limit == .records(7))
        #expect(try volume(3, nil, 2).recordCountMax == 3)
        #expect(try volume(nil, 2.5).nanoseconds == 2_500_000_000)
        #expect(try volume(nil, 2.5).recordCount(atRate: 10) == 25)
        #expect(throws: LoadFailure.self) { try volume(1, 1) }
        #expect(throws: LoadFailure.self) { try volume(0, nil) }
        #expect(throws: LoadFailure.self) { try volume(nil, -1) }
        #expect(throws: LoadFailure.self) { try volume(nil, .nan) }
        #expect(throws: LoadFailure.self) { try volume(5, nil, 5) }
        #expect(throws: LoadFailure.self) { try volume(nil, 5, 0, 6) }
        #expect(throws: LoadFailure.self) { try volume(5, nil, -1) }
    }

    @Test(
        arguments: [
            { (settings: inout ProduceSettings) in settings.connections = 0 },
            { $0.recordBytes = -1 },
            { $0.batchBytes = 0 },
            { $0.requestsInFlight = 0 },
            { $0.rate = -1 },
            { $0.rate = .nan },
            { $0.rate = .infinity },
            { $0.lingerMilliseconds = -1 },
            { $0.lingerMilliseconds = .nan },
            { $0.acks = 2 },
            {
                $0.isIdempotent = true
                $0.acks = 1
            },
            {
                $0.isIdempotent = true
                $0.requestsInFlight = 6
            },
            {
                $0.isStamped = true
                $0.recordBytes = 7
            },
            { $0.topic.partitions = 0 },
        ] as [@Sendable (inout ProduceSettings) -> Void]
    )
    func `settings that cannot be are refused in one line`(_ spoil: @Sendable (inout ProduceSettings) -> Void) throws {
        var settings = ProduceSettings(topic: .init(name: nil), volume: LoadVolume(limit: .records(1)))
        try settings.validate()
        spoil(&settings)
        let failure = #expect(throws: LoadFailure.self) { try settings.validate() }
        #expect(failure?.description.contains("\n") == false)
    }
}
