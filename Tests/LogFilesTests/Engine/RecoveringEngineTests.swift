import Testing

@testable import LogCore
@testable import LogFiles

/// What a start leaves behind that does not come to its end.
@Suite(.timeLimit(.minutes(20)))
struct RecoveringEngineTests {
    @Test func `a recovery that is dropped frees the directory and loses nothing`() throws {
        let fixture = try EngineFixture()
        let (first, logs) = try fixture.startWithLogs()
        try logs[0].write(makeBatch(0..<5))
        first.abandon()
        do {
            let recovering = try fixture.open()
            #expect(throws: LogError.self) { _ = try fixture.open() }
            #expect(recovering.properties.clusterID == EngineFixture.properties.clusterID)
        }
        let (second, again) = try fixture.startWithLogs()
        let numbers = try again[0].numbers()
        #expect(numbers == Array(0..<5))
        try second.close()
    }

    @Test func `a dropped recovery leaves no mark of a clean end`() throws {
        let fixture = try EngineFixture()
        try fixture.startWithLogs().0.close()
        _ = try fixture.open()
        #expect(sizeOf(fixture.path + "/" + FileNames.cleanShutdown) == nil)
    }

    @Test func `one log that cannot be opened does not stop the recovery of the others`() throws {
        let fixture = try EngineFixture()
        let (first, logs) = try fixture.startWithLogs(2)
        for log in logs { try log.write(makeBatch(0..<5)) }
        try first.close()
        _ = try Directory(fixture.path).directory("orders-0").removeTree()
        let (second, again) = try fixture.startWithLogs(2)
        #expect(again.count == 2)
        #expect(throws: LogError.self) { _ = try again[0].fetch(0) }
        let numbers = try again[1].numbers()
        #expect(numbers == Array(0..<5))
        second.abandon()
    }
}
