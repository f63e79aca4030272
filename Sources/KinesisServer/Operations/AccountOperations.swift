internal import Broker
internal import KinesisProtocol
internal import Model

/// DescribeAccountSettings and UpdateAccountSettings: kept and reported, without an effect, for all accounts together.
extension KinesisService {
    private static let commitment = "throughput-commitment"

    func describeAccountSettings() async throws(KinesisError) -> AccountSettingsOutput {
        AccountSettingsOutput(commitment: try await self.storedCommitment(), now: self.backend.now())
    }

    func updateAccountSettings(_ input: AccountSettingsInput) async throws(KinesisError) -> AccountSettingsOutput {
        try input.requireStatus()
        let now = self.backend.now()
        var commitment = try await self.storedCommitment()
        let before = commitment
        if input.status == "ENABLED" { commitment.enable(at: now) } else { commitment.disable(at: now) }
        if commitment != before {
            do throws(BrokerError) {
                try await self.backend.setAccountSetting(Self.commitment, commitment.stored)
            } catch {
                throw KinesisError(error, stream: "", account: "")
            }
        }
        return AccountSettingsOutput(commitment: commitment, now: now)
    }

    private func storedCommitment() async throws(KinesisError) -> ThroughputCommitment {
        do throws(BrokerError) {
            guard let stored = try await self.backend.accountSetting(Self.commitment) else {
                return ThroughputCommitment()
            }
            return ThroughputCommitment(stored: stored) ?? ThroughputCommitment()
        } catch {
            throw KinesisError(error, stream: "", account: "")
        }
    }
}
