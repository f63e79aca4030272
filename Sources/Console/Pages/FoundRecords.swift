internal import AdminServer
internal import FoundationEssentials
internal import NIOCore

/// What a search of records found, as the API answers it: one rendering of it is the console's.
struct FoundRecords: Decodable, Sendable {
    /// Why there is nothing, in the words of the API.
    struct Problem: Error, Decodable {
        var message: String
        var hint: String?
    }

    /// Bytes of a record.
    struct Part: Decodable, Sendable {
        /// `json`, `text`, `binary` …
        var format: String
        /// In bytes.
        var size: Int
        var text: String?
        /// Of bytes that are not text.
        var base64: String?

        /// For people: text, or base64 of what is not text.
        var shown: String { self.text ?? self.base64 ?? "" }
        var isText: Bool { self.base64 == nil }
    }

    struct Header: Decodable, Sendable {
        var name: String
        var value: Part
    }

    struct Record: Decodable, Sendable {
        var partition: Int32
        var offset: Int64
        /// Of a record that the KPL packed into one of the log.
        var subsequence: Int?
        /// Milliseconds since the epoch; negative for none.
        var timestamp: Int64
        var key: Part
        var value: Part
        var headers: [Header]
    }

    /// What was looked at.
    struct Scan: Decodable, Sendable {
        var scanned: Int64
        /// Offsets that were not.
        var left: Int64
        var errors: Int
        var tooMuchWork: Int
        var unreadable: Int
        /// Where a search resumes; `nil` at the end.
        var cursor: String?
    }

    private struct Refusal: Decodable {
        var error: Problem
    }

    var records: [Record]
    var scan: Scan

    static func read(_ answer: AdminAnswer) -> Result<FoundRecords, Problem> {
        let body = Data(answer.body.readableBytesView)
        if answer.status == 200, let found = try? JSONDecoder().decode(FoundRecords.self, from: body) {
            return .success(found)
        }
        let refusal = try? JSONDecoder().decode(Refusal.self, from: body)
        return .failure(refusal?.error ?? Problem(message: "The search answered \(answer.status)."))
    }
}
