internal import Broker
internal import KafkaProtocol
internal import Quotas

/// DescribeClientQuotas (key 48), versions 0–1 (1: flexible): the quotas that are set (KIP-546).
enum DescribeClientQuotasAPI: KafkaAPI {
    typealias Request = DescribeClientQuotasRequest
    typealias Response = DescribeClientQuotasResponse

    static func start(_ request: DescribeClientQuotasRequest, _ call: Call<DescribeClientQuotasResponse>) {
        do throws(QuotaFilter.Refusal) {
            let filter = try QuotaFilter(
                request.components.map { ($0.entityType, $0.matchType, $0.match) },
                isStrict: request.strict
            )
            call.answer(
                DescribeClientQuotasResponse(
                    entries: call.broker.quotaStore.describe(filter).map { entity, quotas in
                        DescribeClientQuotasResponse.Entry(
                            entity: entity.parts.map { part, name in
                                .init(entityType: part.rawValue, entityName: name.text)
                            },
                            values: quotas.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                                .init(key: $0.key.rawValue, value: $0.value)
                            }
                        )
                    }
                )
            )
        } catch {
            switch error {
            case .invalid(let message): call.answer(Self.failed(.invalidRequest, message))
            case .unsupported(let message): call.answer(Self.failed(.unsupportedVersion, message))
            }
        }
    }

    static func failed(_ error: ErrorCode, _ message: String?) -> DescribeClientQuotasResponse {
        DescribeClientQuotasResponse(errorCode: error, errorMessage: message, entries: nil)
    }
}

/// AlterClientQuotas (key 49), versions 0–1 (1: flexible): sets and removes quotas of entities (KIP-546).
///
/// Differences from Kafka: each entity is changed by itself, where Kafka writes the valid ones of a request together;
/// an address must be one, where Kafka also looks host names up.
enum AlterClientQuotasAPI: KafkaAPI {
    typealias Request = AlterClientQuotasRequest
    typealias Response = AlterClientQuotasResponse

    static func start(_ request: AlterClientQuotasRequest, _ call: Call<AlterClientQuotasResponse>) {
        call.answer {
            var response = AlterClientQuotasResponse()
            var seen: Set<QuotaEntity> = []
            for entry in request.entries {
                var answer = AlterClientQuotasResponse.Entry(
                    entity: entry.entity.map { .init(entityType: $0.entityType, entityName: $0.entityName) }
                )
                do throws(BrokerError) {
                    let entity = try Self.entity(entry)
                    guard seen.insert(entity).inserted else {
                        throw BrokerError(.invalidRequest, "Ignoring duplicate entity \(entity.key)")
                    }
                    try await call.broker.quotaStore.alter(
                        entity,
                        entry.ops.map { ($0.key, $0.remove ? nil : $0.value) },
                        validateOnly: request.validateOnly
                    )
                } catch {
                    answer.errorCode = ErrorCode(error)
                    answer.errorMessage = error.message
                }
                response.entries.append(answer)
            }
            return response
        }
    }

    private static func entity(_ entry: AlterClientQuotasRequest.Entry) throws(BrokerError) -> QuotaEntity {
        do throws(QuotaEntity.Refusal) {
            return try QuotaEntity(entry.entity.map { ($0.entityType, $0.entityName) })
        } catch {
            throw BrokerError(.invalidRequest, error.message)
        }
    }
}
