internal import Broker
internal import KafkaProtocol
internal import Serving

/// ApiVersions (key 18), versions 0–4.
///
/// | version | change |
/// | --- | --- |
/// | 1 | throttle time |
/// | 3 | flexible (the response header stays at 0), client software name, feature flags (KIP-584) |
/// | 4 | features whose lowest version is 0 may be listed |
///
/// A version above those gets UNSUPPORTED_VERSION in a version 0 body, from which the client learns what to use.
enum ApiVersionsAPI: KafkaAPI {
    typealias Request = ApiVersionsRequest
    typealias Response = ApiVersionsResponse

    static let versions: ClosedRange<Int16> = 0...4

    static func start(_ request: ApiVersionsRequest, _ call: Call<ApiVersionsResponse>) {
        if call.version >= 3, !Self.isValid(request) {
            call.answer(ApiVersionsResponse(errorCode: .invalidRequest, apiKeys: []))
            return
        }
        if call.version >= 3 {
            // A name is a few characters; what is longer is not kept.
            call.identified(
                as: ClientSoftware(
                    name: String(request.clientSoftwareName.prefix(128)),
                    version: String(request.clientSoftwareVersion.prefix(128))
                )
            )
        }
        var response = Self.response(.none, version: call.version)
        let broker = call.broker
        if broker.isClustered, call.session.listener == broker.interBrokerListener {
            let (key, versions) = (ServedAPI.envelope.key, ServedAPI.envelope.versions)
            response.apiKeys.append(
                ApiVersionsResponse.API(
                    apiKey: key.rawValue,
                    minVersion: versions.lowerBound,
                    maxVersion: versions.upperBound
                )
            )
        }
        call.answer(response)
    }

    static func unsupportedVersion() -> ApiVersionsResponse {
        Self.response(.unsupportedVersion, version: 0)
    }

    private static func response(_ errorCode: ErrorCode, version: Int16) -> ApiVersionsResponse {
        // Clients before version 4 take 0 for an error.
        let supported = ServedFeatures.all.filter { version >= 4 || $0.min > 0 }
        return ApiVersionsResponse(
            errorCode: errorCode,
            apiKeys: ServedAPI.all.map { api in
                ApiVersionsResponse.API(
                    apiKey: api.key.rawValue,
                    // librdkafka does without compression unless Produce goes down to 0 (KAFKA-18659).
                    minVersion: api.key == .produce ? 0 : api.versions.lowerBound,
                    maxVersion: api.versions.upperBound
                )
            },
            supportedFeatures: supported.map {
                ApiVersionsResponse.SupportedFeature(name: $0.name, minVersion: $0.min, maxVersion: $0.max)
            },
            finalizedFeaturesEpoch: ServedFeatures.all.isEmpty ? -1 : 0,
            finalizedFeatures: ServedFeatures.all.map {
                ApiVersionsResponse.FinalizedFeature(name: $0.name, maxVersionLevel: $0.max, minVersionLevel: $0.max)
            }
        )
    }

    /// KIP-511: letters, digits, dots and dashes, beginning and ending with a letter or digit.
    private static func isValid(_ request: ApiVersionsRequest) -> Bool {
        [request.clientSoftwareName, request.clientSoftwareVersion].allSatisfy { text in
            guard let first = text.utf8.first, let last = text.utf8.last else { return false }
            return Self.isAlphanumeric(first) && Self.isAlphanumeric(last)
                && text.utf8.allSatisfy {
                    Self.isAlphanumeric($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
                }
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
