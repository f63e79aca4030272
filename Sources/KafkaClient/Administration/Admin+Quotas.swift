internal import KafkaProtocol

/// Whom a quota is for; a null name is the default.
package struct QuotaSubject: Sendable, Equatable {
    /// Each part's type, as the protocol names it, and its name.
    package var parts: [(type: String, name: String?)]

    package init(_ parts: [(type: String, name: String?)]) { self.parts = parts }

    package static func == (left: Self, right: Self) -> Bool {
        left.parts.elementsEqual(right.parts) { $0 == $1 }
    }
}

/// The quotas of one subject, by Kafka's names.
package struct QuotaListing: Sendable {
    package var subject: QuotaSubject
    package var quotas: [(name: String, value: Double)]
}

extension Admin {
    /// All quotas that are set.
    package func listQuotas() async throws -> [QuotaListing] {
        let request = DescribeClientQuotasRequest(components: [], strict: false)
        return try await self.retryingUnless([]) {
            let response = try await self.cluster.anyConnection().send(request)
            guard response.errorCode == .none else {
                throw ClientError.server(response.errorCode, "quotas", message: response.errorMessage)
            }
            return (response.entries ?? []).map { entry in
                QuotaListing(
                    subject: QuotaSubject(entry.entity.map { ($0.entityType, $0.entityName) }),
                    quotas: entry.values.map { ($0.key, $0.value) }
                )
            }
        }
    }

    /// Sets and removes quotas of one subject.
    ///
    /// - Parameter changes: the new value of each quota; `nil` removes it.
    package func alterQuotas(_ subject: QuotaSubject, _ changes: [(name: String, value: Double?)]) async throws {
        let request = AlterClientQuotasRequest(
            entries: [
                .init(
                    entity: subject.parts.map { .init(entityType: $0.type, entityName: $0.name) },
                    ops: changes.map { .init(key: $0.name, value: $0.value ?? 0, remove: $0.value == nil) }
                )
            ],
            validateOnly: false
        )
        try await self.retryingUnless([]) {
            let response = try await self.cluster.controllerConnection().send(request)
            guard let answer = response.entries.first else {
                throw ClientError(.malformedResponse, "the broker did not answer for the quotas")
            }
            guard answer.errorCode == .none else {
                throw ClientError.server(answer.errorCode, "quotas", message: answer.errorMessage)
            }
        }
    }
}
