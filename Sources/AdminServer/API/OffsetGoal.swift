internal import Broker
internal import LogCore
internal import Model

/// Where a reader is to begin, as people write it.
enum OffsetGoal: Equatable {
    case start
    case end
    case offset(Offset)
    /// Milliseconds since the epoch.
    case timestamp(Timestamp)
    /// So many records from the end.
    case beforeEnd(Int64)
    /// So many offsets from the start.
    case afterStart(Int64)
    /// From where a group stands; negative goes back.
    case shift(Int64)

    static let syntax =
        "start, end, an offset, @MILLISECONDS since the epoch, +N or -N from what is committed."

    init?(_ text: String) {
        switch text {
        case "start": self = .start
        case "end": self = .end
        default:
            guard let first = text.utf8.first else { return nil }
            switch first {
            case UInt8(ascii: "@"):
                guard let time = Timestamp(text.dropFirst()), time >= 0 else { return nil }
                self = .timestamp(time)
            case UInt8(ascii: "+"), UInt8(ascii: "-"):
                guard let shift = Int64(text) else { return nil }
                self = .shift(shift)
            default:
                guard let offset = Offset(text), offset >= 0 else { return nil }
                self = .offset(offset)
            }
        }
    }

    /// The offset in a partition, between its start and its end.
    ///
    /// - Parameter committed: where a group stands; a shift counts from the end without it.
    func offset(in partition: HostedPartition, committed: Offset?, _ broker: Broker) async throws -> Offset {
        let offsets = partition.log.offsets
        let wanted: Offset
        switch self {
        case .start: return offsets.logStart
        case .end: return offsets.highWatermark
        case .offset(let offset): wanted = offset
        case .beforeEnd(let count): wanted = offsets.highWatermark.subtractingClamped(count)
        case .afterStart(let count): wanted = offsets.logStart.addingClamped(count)
        case .shift(let shift): wanted = (committed ?? offsets.highWatermark).addingClamped(shift)
        case .timestamp(let timestamp):
            let found: Result<TimestampedOffset?, LogError> = await withCheckedContinuation { continuation in
                broker.engine.findOffset(in: partition.log, for: .atOrAfter(timestamp)) {
                    continuation.resume(returning: $0)
                }
            }
            do {
                wanted = try found.get()?.offset ?? offsets.highWatermark
            } catch {
                throw BrokerError(error)
            }
        }
        return min(max(wanted, offsets.logStart), max(offsets.highWatermark, offsets.logStart))
    }
}

extension Offset {
    fileprivate func addingClamped(_ other: Int64) -> Offset {
        let (sum, overflow) = self.addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    fileprivate func subtractingClamped(_ other: Int64) -> Offset {
        let (difference, overflow) = self.subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}
