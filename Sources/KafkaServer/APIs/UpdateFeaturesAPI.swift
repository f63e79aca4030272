internal import KafkaProtocol

/// Feature levels (KIP-584) that clients and tools act on. `metadata.version` stands for the release whose API versions
/// are served (30: 4.3); `group.version` 1 for the consumer protocol (KIP-848); `transaction.version` 2 for epochs that
/// grow with each transaction (KIP-890); `share.version` and `streams.version` are listed when the APIs behind them are
/// served.
///
/// The levels in use are the highest: nothing depends on a lower one, since one broker has one version.
enum ServedFeatures {
    static let all: [(name: String, min: Int16, max: Int16)] = [
        ("group.version", 0, 1),
        ("metadata.version", 7, 30),
        ("transaction.version", 0, 2),
    ]
}

/// UpdateFeatures (key 57), versions 0–2 (1: kinds of upgrades and trial runs; 2: one error for all).
///
/// Setting a feature to the level that it has succeeds; other levels are refused.
enum UpdateFeaturesAPI: KafkaAPI {
    typealias Request = UpdateFeaturesRequest
    typealias Response = UpdateFeaturesResponse

    static func start(_ request: UpdateFeaturesRequest, _ call: Call<UpdateFeaturesResponse>) {
        guard Set(request.featureUpdates.map(\.feature)).count == request.featureUpdates.count else {
            call.answer(
                UpdateFeaturesResponse(errorCode: .invalidRequest, errorMessage: "Each feature may be named once.")
            )
            return
        }
        let results = request.featureUpdates.map { update in
            let problem = Self.problem(with: update, version: call.version)
            return UpdateFeaturesResponse.Result(
                feature: update.feature,
                errorCode: problem?.code ?? .none,
                errorMessage: problem?.message
            )
        }
        guard call.version >= 2 else {
            call.answer(UpdateFeaturesResponse(errorCode: .none, results: results))
            return
        }
        guard let failed = results.first(where: { $0.errorCode != .none }) else {
            call.answer(UpdateFeaturesResponse(errorCode: .none))
            return
        }
        call.answer(UpdateFeaturesResponse(errorCode: failed.errorCode, errorMessage: failed.errorMessage))
    }

    private static func problem(
        with update: UpdateFeaturesRequest.Feature,
        version: Int16
    ) -> (code: ErrorCode, message: String)? {
        let name = update.feature
        guard let feature = ServedFeatures.all.first(where: { $0.name == name }) else {
            return (
                .invalidUpdateVersion,
                "Invalid update version \(update.maxVersionLevel) for feature \(name). Broker does not support this feature."
            )
        }
        guard version == 0 || (1...3).contains(update.upgradeType) else {
            return (.invalidRequest, "There is no upgrade type \(update.upgradeType).")
        }
        guard update.maxVersionLevel != feature.max else { return nil }
        guard update.maxVersionLevel >= feature.min, update.maxVersionLevel < feature.max else {
            return (
                .invalidUpdateVersion,
                "Invalid update version \(update.maxVersionLevel) for feature \(name). "
                    + "Broker only supports versions \(feature.min)-\(feature.max)."
            )
        }
        return (
            .invalidUpdateVersion,
            "Invalid update version \(update.maxVersionLevel) for feature \(name). This broker always uses \(feature.max)."
        )
    }

    static func errorResponse(
        to request: UpdateFeaturesRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> UpdateFeaturesResponse? {
        UpdateFeaturesResponse(errorCode: error)
    }
}
