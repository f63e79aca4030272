internal import Broker
internal import KafkaProtocol
internal import Metadata

/// DescribeConfigs (key 32), versions 1–4 (1: synonyms; 3: types and documentation; 4: flexible).
enum DescribeConfigsAPI: KafkaAPI {
    typealias Request = DescribeConfigsRequest
    typealias Response = DescribeConfigsResponse

    static func start(_ request: DescribeConfigsRequest, _ call: Call<DescribeConfigsResponse>) {
        call.answer(
            DescribeConfigsResponse(
                resources: request.resources.map { asked in
                    var answer = DescribeConfigsResponse.Resource(
                        resourceType: asked.resourceType,
                        resourceName: asked.resourceName
                    )
                    do throws(BrokerError) {
                        let configs = try ConfigResource(type: asked.resourceType, name: asked.resourceName)
                            .resolve(call.broker)
                        // No keys at all ask for all of them, as no list does.
                        let wanted = Set(asked.configurationKeys ?? [])
                        answer.configs = configs.filter { wanted.isEmpty || wanted.contains($0.name) }
                            .map { Self.describe($0, request, call.version) }
                    } catch {
                        answer.errorCode = ErrorCode(error)
                        answer.errorMessage = error.message
                    }
                    return answer
                }
            )
        )
    }

    private static func describe(
        _ config: ResolvedConfig,
        _ request: DescribeConfigsRequest,
        _ version: Int16
    ) -> DescribeConfigsResponse.Config {
        var described = DescribeConfigsResponse.Config(
            name: config.name,
            value: config.value,
            readOnly: config.isReadOnly,
            configSource: config.source.rawValue,
            isSensitive: config.isSensitive
        )
        if request.includeSynonyms {
            described.synonyms = config.synonyms.map {
                DescribeConfigsResponse.Synonym(name: $0.name, value: $0.value, source: $0.source.rawValue)
            }
        }
        if version >= 3 {
            described.configType = config.type.rawValue
            if request.includeDocumentation { described.documentation = config.documentation }
        }
        return described
    }
}
