package import Model

/// Whether an account has promised a minimum of throughput, in return for another price. Here it has no effect.
package struct ThroughputCommitment: Sendable, Equatable {
    /// What a request may ask for.
    package static let requests = ["ENABLED", "DISABLED"]
    /// AWS lets a promise end no sooner: a day.
    static let millisecondsMin: Int64 = 86_400_000

    /// Milliseconds since the epoch; `nil` as long as nothing was promised.
    package private(set) var startedAt: Timestamp?
    /// When its end was asked for.
    package private(set) var endRequestedAt: Timestamp?

    package init() {}

    /// What was set already stays as it is.
    package mutating func enable(at now: Timestamp) {
        if self.status(at: now) == .enabled { return }
        // A promise that has not ended yet is kept on; after its end another one begins.
        if self.status(at: now) == .disabled { self.startedAt = now }
        self.endRequestedAt = nil
    }

    package mutating func disable(at now: Timestamp) {
        guard self.status(at: now) == .enabled else { return }
        self.endRequestedAt = now
    }

    package enum Status: String, Sendable {
        case enabled = "ENABLED"
        case disabled = "DISABLED"
        case enabledUntilEarliestAllowedEnd = "ENABLED_UNTIL_EARLIEST_ALLOWED_END"
    }

    package func status(at now: Timestamp) -> Status {
        guard self.startedAt != nil else { return .disabled }
        guard let endedAt else { return .enabled }
        return now < endedAt ? .enabledUntilEarliestAllowedEnd : .disabled
    }

    package var earliestAllowedEndAt: Timestamp? { self.startedAt.map { $0 + Self.millisecondsMin } }

    private var endedAt: Timestamp? {
        guard let endRequestedAt, let earliestAllowedEndAt else { return nil }
        return max(endRequestedAt, earliestAllowedEndAt)
    }

    func write(to writer: inout some ShapeWriter, at now: Timestamp) {
        let status = self.status(at: now)
        writer.beginStructure()
        writer.member("Status", status.rawValue)
        if let startedAt { writer.member("StartedAt", timestamp: startedAt) }
        if status == .disabled, let endedAt { writer.member("EndedAt", timestamp: endedAt) }
        if status != .disabled, let earliestAllowedEndAt {
            writer.member("EarliestAllowedEndAt", timestamp: earliestAllowedEndAt)
        }
        writer.endStructure()
    }

    // MARK: Stored

    /// As it is kept: two numbers in decimal digits, `-` for none.
    package var stored: [UInt8] {
        Array([self.startedAt, self.endRequestedAt].map { $0.map(String.init) ?? "-" }.joined(separator: " ").utf8)
    }

    /// - Returns: `nil` for another text.
    package init?(stored: [UInt8]) {
        let parts = String(decoding: stored, as: UTF8.self).split(separator: " ")
        guard parts.count == 2 else { return nil }
        for part in parts where part != "-" && Timestamp(part) == nil { return nil }
        self.startedAt = Timestamp(parts[0])
        self.endRequestedAt = Timestamp(parts[1])
    }
}

/// UpdateAccountSettings; DescribeAccountSettings has no members.
package struct AccountSettingsInput: OperationInput, Equatable {
    package var hasCommitment = false
    package var status: String?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        switch member {
        case "MinimumThroughputBillingCommitment":
            var status: String?
            self.hasCommitment = try reader.readStructure { (reader, member) throws(KinesisError) in
                switch member {
                case "Status": status = try reader.readString()
                default: try reader.skip()
                }
            }
            self.status = status
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requireMember(
            self.status,
            of: ThroughputCommitment.requests,
            at: "minimumThroughputBillingCommitment.status"
        )
    }

    /// - Throws: `ValidationException` when a member is missing that UpdateAccountSettings requires.
    package func requireStatus() throws(KinesisError) {
        var violations = ConstraintViolations()
        let path = "minimumThroughputBillingCommitment"
        violations.requirePresent(self.status, at: self.hasCommitment ? "\(path).status" : path)
        try violations.check()
    }
}

package struct AccountSettingsOutput: OperationOutput, Sendable {
    package var commitment: ThroughputCommitment
    package var now: Timestamp

    package init(commitment: ThroughputCommitment, now: Timestamp) {
        self.commitment = commitment
        self.now = now
    }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("MinimumThroughputBillingCommitment")
        self.commitment.write(to: &writer, at: self.now)
        writer.endStructure()
    }
}
