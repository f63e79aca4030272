package import AdminServer
package import Broker
internal import Synchronization

/// What the server did in the last hour, sampled from its counters. In memory, so that it begins with the process.
package final class RateHistory: Sendable {
    /// Counters at one moment.
    package struct Sample: Sendable, Equatable {
        /// Milliseconds of a clock that never goes back.
        package var milliseconds: Int64
        package var kafka: FaceView
        package var kinesis: FaceView

        package init(milliseconds: Int64, kafka: FaceView, kinesis: FaceView) {
            self.milliseconds = milliseconds
            self.kafka = kafka
            self.kinesis = kinesis
        }
    }

    /// What happened between two samples, by second.
    package struct Rates: Sendable, Equatable {
        package var milliseconds: Int64
        package var kafkaRecordsIn: Double
        package var kinesisRecordsIn: Double
        package var bytesIn: Double
        package var bytesOut: Double
    }

    /// What happened within the time that is kept.
    package struct Totals: Sendable, Equatable {
        package var seconds: Double
        package var records: Double
        package var recordBytes: Double
        package var recordBytesRead: Double
    }

    package static let seconds = 3600
    package static let secondsBetween = 5

    private let samples = Mutex<[Sample]>([])

    package init() {}

    /// A sample was taken. The oldest ones, of more than an hour ago, are forgotten.
    package func sampled(_ sample: Sample) {
        self.samples.withLock { samples in
            // The clock did not move: there is no rate between the two.
            if let last = samples.last, last.milliseconds >= sample.milliseconds { return }
            samples.append(sample)
            let from = sample.milliseconds - Int64(Self.seconds) * 1000
            if let first = samples.firstIndex(where: { $0.milliseconds >= from }), first > 0 {
                samples.removeFirst(first)
            }
        }
    }

    /// The last so many seconds, oldest first.
    package func rates(lastSeconds: Int) -> [Rates] {
        let samples = self.samples.withLock { $0 }
        guard let last = samples.last else { return [] }
        let from = last.milliseconds - Int64(lastSeconds) * 1000
        return zip(samples, samples.dropFirst()).filter { $1.milliseconds > from }.map { before, after in
            let seconds = Double(after.milliseconds - before.milliseconds) / 1000
            func rate(_ value: (FaceView) -> UInt64, _ face: (Sample) -> FaceView) -> Double {
                Double(value(face(after)) &- value(face(before))) / seconds
            }
            return Rates(
                milliseconds: after.milliseconds,
                kafkaRecordsIn: rate(\.recordsAppended, \.kafka),
                kinesisRecordsIn: rate(\.recordsAppended, \.kinesis),
                bytesIn: rate(\.recordBytesAppended, \.kafka) + rate(\.recordBytesAppended, \.kinesis),
                bytesOut: rate(\.recordBytesRead, \.kafka) + rate(\.recordBytesRead, \.kinesis)
            )
        }
    }

    package var totals: Totals {
        let samples = self.samples.withLock { $0 }
        guard let first = samples.first, let last = samples.last else {
            return Totals(seconds: 0, records: 0, recordBytes: 0, recordBytesRead: 0)
        }
        func total(_ value: (FaceView) -> UInt64) -> Double {
            Double(value(last.kafka) &- value(first.kafka)) + Double(value(last.kinesis) &- value(first.kinesis))
        }
        return Totals(
            seconds: Double(last.milliseconds - first.milliseconds) / 1000,
            records: total(\.recordsAppended),
            recordBytes: total(\.recordBytesAppended),
            recordBytesRead: total(\.recordBytesRead)
        )
    }
}

extension RateHistory {
    /// Takes a sample every few seconds until its task is cancelled.
    package func run(_ broker: Broker) async {
        while !Task.isCancelled {
            let faces = BrokerViews.faces(of: broker)
            self.sampled(Sample(milliseconds: faces.milliseconds, kafka: faces.kafka, kinesis: faces.kinesis))
            do { try await Task.sleep(for: .seconds(Self.secondsBetween)) } catch { return }
        }
    }
}
