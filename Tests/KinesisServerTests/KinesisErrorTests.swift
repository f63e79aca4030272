import Broker
import KinesisProtocol
import LogCore
import Testing

@testable import KinesisServer

@Suite struct KinesisErrorTests {
    @Test func `a full disk is a failure that SDKs repeat, and says what it is`() {
        let error = KinesisError(LogError(.diskFull, "no space"), stream: "s", account: "1")
        #expect(error.code == .internalFailure)
        #expect(error.status == 500)
        #expect(error.message == "The disk of the server is full: nothing was stored. Try again later.")
        // The same when the broker passes the log's error on.
        let passed = KinesisError(BrokerError(LogError(.diskFull, "no space")), stream: "s", account: "1")
        #expect(passed.code == error.code && passed.message == error.message)
    }

    @Test func `what passes by itself is answered with an error that SDKs repeat`() {
        for code in [BrokerError.Code.partitionNotReady, .notLeader, .timedOut, .metadataUnavailable, .shuttingDown] {
            #expect(KinesisError(BrokerError(code, ""), stream: "s", account: "1").status >= 500, "\(code)")
        }
        for code in [LogError.Code.overloaded, .readersBusy] {
            let error = KinesisError(LogError(code, ""), stream: "s", account: "1")
            #expect(error.code == .provisionedThroughputExceeded, "\(code)")
        }
    }
}
