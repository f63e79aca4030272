package import Text

/// One thing that `millrace doctor` has looked at.
package struct HealthFinding: Equatable, Sendable {
    package enum Verdict: String, Sendable {
        case ok
        case warning
        case problem
        /// It could not be looked at.
        case skipped
    }

    package var subject: String
    package var verdict: Verdict
    package var text: String
    /// What to do next; empty where nothing is to be done.
    package var advice: String

    package init(_ subject: String, _ verdict: Verdict, _ text: String, advice: String = "") {
        self.subject = subject
        self.verdict = verdict
        self.text = text
        self.advice = advice
    }

    package static func table(_ findings: [HealthFinding]) -> TextTable {
        var table = TextTable(["CHECK", "RESULT", "FOUND", "NEXT"])
        for finding in findings {
            table.add([
                finding.subject, finding.verdict.rawValue, finding.text, finding.advice.isEmpty ? "-" : finding.advice,
            ])
        }
        return table
    }

    package static func json(_ findings: [HealthFinding]) -> JSONLine {
        var json = JSONLine()
        json.array { json in
            for finding in findings {
                json.object { json in
                    json.key("check")
                    json.string(finding.subject)
                    json.key("result")
                    json.string(finding.verdict.rawValue)
                    json.key("found")
                    json.string(finding.text)
                    json.key("next")
                    json.string(finding.advice.isEmpty ? nil : finding.advice)
                }
            }
        }
        json.endLine()
        return json
    }
}
