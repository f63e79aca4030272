internal import Model
internal import Text

/// How events become lines of JSON. Every text is cut at `textBytesMax`, so that a client cannot fill the disk with one
/// long name.
enum AuditLine {
    static let textBytesMax = 1_024

    /// - Parameter time: milliseconds since the Unix epoch.
    static func write(_ event: AuditEvent, time: Timestamp, to json: inout JSONLine) {
        json.object { json in
            json.key("time")
            json.string(CalendarTime(time).rfc3339)
            json.key("event")
            json.string(event.kind.rawValue)
            json.key("outcome")
            json.string(event.outcome.rawValue)
            json.key("principal")
            json.string(Self.bounded(event.principal.description))
            if let session = event.session {
                json.key("listener")
                json.string(session.listener)
                json.key("address")
                json.string(session.remote.host)
                json.key("port")
                json.number(session.remote.port)
                json.key("tls")
                json.string(session.tls?.version)
            }
            json.key("protocol")
            json.string(event.face)
            json.key("operation")
            json.string(event.operation)
            json.key("resource")
            json.string(Self.bounded(event.resource))
            if let reason = event.reason {
                json.key("reason")
                json.string(Self.bounded(reason))
            }
        }
        json.endLine()
    }

    /// A line about refusals that have no line of their own.
    static func write(_ omission: AuditLimiter.Omission, time: Timestamp, to json: inout JSONLine) {
        Self.writeOmission(omission.count, time, "more refusals than are written", to: &json) { json in
            json.key("address")
            json.string(omission.address)
        }
    }

    /// A line about events for which there was no room on their way to the disk.
    static func writeLoss(of count: Int, time: Timestamp, to json: inout JSONLine) {
        Self.writeOmission(count, time, "the audit log's queue was full", to: &json) { _ in }
    }

    private static func writeOmission(
        _ count: Int,
        _ time: Timestamp,
        _ reason: String,
        to json: inout JSONLine,
        _ members: (inout JSONLine) -> Void
    ) {
        json.object { json in
            json.key("time")
            json.string(CalendarTime(time).rfc3339)
            json.key("event")
            json.string("omitted")
            json.key("count")
            json.number(count)
            members(&json)
            json.key("reason")
            json.string(reason)
        }
        json.endLine()
    }

    private static func bounded(_ text: String) -> String {
        guard text.utf8.count > Self.textBytesMax else { return text }
        return String(decoding: text.utf8.prefix(Self.textBytesMax), as: UTF8.self) + "…"
    }
}
