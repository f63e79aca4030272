internal import Authentication
internal import Broker
internal import KafkaProtocol
internal import Metadata
internal import NIOCore

/// DescribeUserScramCredentials (key 50), version 0: which mechanisms users have passwords for (KIP-554).
enum DescribeUserScramCredentialsAPI: KafkaAPI {
    typealias Request = DescribeUserScramCredentialsRequest
    typealias Response = DescribeUserScramCredentialsResponse

    static func start(
        _ request: DescribeUserScramCredentialsRequest,
        _ call: Call<DescribeUserScramCredentialsResponse>
    ) {
        let credentials = call.broker.authentication.credentials
        let named = (request.users ?? []).map(\.name)
        var seen: Set<String> = []
        let names = named.isEmpty ? credentials.userNames : named.filter { seen.insert($0).inserted }
        let counts = Dictionary(named.map { ($0, 1) }, uniquingKeysWith: +)
        call.answer(
            DescribeUserScramCredentialsResponse(
                errorCode: .none,
                results: names.map { name in
                    Self.describe(name, credentials.user(name), isTwice: counts[name, default: 1] > 1)
                }
            )
        )
    }

    private static func describe(
        _ name: String,
        _ user: StoredUser?,
        isTwice: Bool
    ) -> DescribeUserScramCredentialsResponse.Result {
        var result = DescribeUserScramCredentialsResponse.Result(user: name, errorCode: .none, credentialInfos: [])
        if isTwice {
            result.errorCode = .duplicateResource
            result.errorMessage =
                "Cannot describe SCRAM credentials for the same user twice in a single request: \(name)"
        } else if let user, !user.credentials.isEmpty {
            result.credentialInfos = ScramHash.allCases.compactMap { hash in
                user.credentials[hash].map {
                    .init(mechanism: Int8(hash.rawValue), iterations: Int32(clamping: $0.iterations))
                }
            }
        } else {
            result.errorCode = .resourceNotFound
            result.errorMessage = "Attempt to describe a user credential that does not exist: \(name)"
        }
        return result
    }

    static func errorResponse(
        to request: DescribeUserScramCredentialsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DescribeUserScramCredentialsResponse? {
        DescribeUserScramCredentialsResponse(errorCode: error, results: [])
    }
}

/// AlterUserScramCredentials (key 51), version 0: sets and removes passwords (KIP-554). The client salts and hashes the
/// password; the server keeps keys that follow from it.
///
/// What belongs to one user is changed as a whole; users are changed one after the other.
enum AlterUserScramCredentialsAPI: KafkaAPI {
    typealias Request = AlterUserScramCredentialsRequest
    typealias Response = AlterUserScramCredentialsResponse

    private struct Refusal: Error {
        var code: ErrorCode
        var message: String

        init(_ code: ErrorCode, _ message: String) {
            self.code = code
            self.message = message
        }
    }

    /// What a request says of one user: one change, or an error.
    private enum Change: Sendable {
        case set(ScramHash, ScramCredential)
        case remove(ScramHash)
    }

    static func start(_ request: AlterUserScramCredentialsRequest, _ call: Call<AlterUserScramCredentialsResponse>) {
        call.answer {
            var response = AlterUserScramCredentialsResponse(results: [])
            for (name, change) in Self.changes(of: request) {
                var result = AlterUserScramCredentialsResponse.Result(user: name, errorCode: .none)
                do throws(Refusal) {
                    try await Self.apply(try change.get(), to: name, call.broker.authentication.credentials)
                } catch {
                    result.errorCode = error.code
                    result.errorMessage = error.message
                }
                response.results.append(result)
            }
            return response
        }
    }

    private static func changes(
        of request: AlterUserScramCredentialsRequest
    ) -> [(name: String, change: Result<Change, Refusal>)] {
        var changes: [(name: String, change: Result<Change, Refusal>)] = []
        var places: [String: Int] = [:]
        func add(_ name: String, _ change: Result<Change, Refusal>) {
            guard let place = places[name] else {
                places[name] = changes.count
                changes.append((name, change))
                return
            }
            changes[place].change = .failure(
                Refusal(.duplicateResource, "A user credential cannot be altered twice in the same request")
            )
        }
        for deletion in request.deletions {
            add(deletion.name, Self.checked(deletion.name, deletion.mechanism).map { .remove($0) })
        }
        for upsertion in request.upsertions {
            add(upsertion.name, Self.checked(upsertion.name, upsertion.mechanism).flatMap { Self.set(upsertion, $0) })
        }
        return changes
    }

    private static func checked(_ name: String, _ mechanism: Int8) -> Result<ScramHash, Refusal> {
        guard !name.isEmpty else {
            return .failure(Refusal(.unacceptableCredential, "Username must not be empty"))
        }
        guard name.utf8.count <= Self.nameBytesMax, !name.utf8.contains(0) else {
            return .failure(Refusal(.unacceptableCredential, "Username is too long, or has a NUL in it"))
        }
        guard let hash = UInt8(exactly: mechanism).flatMap(ScramHash.init(rawValue:)) else {
            return .failure(Refusal(.unsupportedSASLMechanism, "Unknown SCRAM mechanism"))
        }
        return .success(hash)
    }

    private static let nameBytesMax = 1024
    private static let saltBytesMax = 1024

    private static func set(
        _ upsertion: AlterUserScramCredentialsRequest.Upsertion,
        _ hash: ScramHash
    ) -> Result<Change, Refusal> {
        let iterations = Int(upsertion.iterations)
        guard iterations >= ScramHash.iterations.lowerBound else {
            return .failure(Refusal(.unacceptableCredential, "Too few iterations"))
        }
        guard iterations <= ScramHash.iterations.upperBound else {
            return .failure(Refusal(.unacceptableCredential, "Too many iterations"))
        }
        guard (1...Self.saltBytesMax).contains(upsertion.salt.readableBytes),
            upsertion.saltedPassword.readableBytes == hash.byteCount
        else {
            return .failure(
                Refusal(.unacceptableCredential, "The salt or the salted password has a length that it cannot have")
            )
        }
        let credential = ScramCredential(
            hash: hash,
            salt: Array(upsertion.salt.readableBytesView),
            saltedPassword: Array(upsertion.saltedPassword.readableBytesView),
            iterations: iterations
        )
        return .success(.set(hash, credential))
    }

    private static func apply(_ change: Change, to name: String, _ store: CredentialStore) async throws(Refusal) {
        do {
            try await store.alterUser(name) { user throws(Refusal) in
                switch change {
                case .set(let hash, let credential): user.credentials[hash] = credential
                case .remove(let hash):
                    guard user.credentials.removeValue(forKey: hash) != nil else {
                        throw Refusal(
                            .resourceNotFound,
                            "Attempt to delete a user credential that does not exist"
                        )
                    }
                }
            }
        } catch let refusal as Refusal {
            throw refusal
        } catch let error as BrokerError {
            throw Refusal(
                error.code == .limitExceeded ? .unacceptableCredential : ErrorCode(error),
                error.message
            )
        } catch let error as MetadataError {
            throw Refusal(ErrorCode(BrokerError(error)), error.message)
        } catch {
            throw Refusal(.unknownServerError, "The credential could not be changed.")
        }
    }

    static func errorResponse(
        to request: AlterUserScramCredentialsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> AlterUserScramCredentialsResponse? {
        var names: [String] = []
        var seen: Set<String> = []
        for name in request.deletions.map(\.name) + request.upsertions.map(\.name) where seen.insert(name).inserted {
            names.append(name)
        }
        return AlterUserScramCredentialsResponse(results: names.map { .init(user: $0, errorCode: error) })
    }
}
