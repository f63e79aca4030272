package import Model
internal import Secrets
internal import Synchronization
internal import Text

/// Tells whether requests are signed by one of the access keys of this moment, by header or by query: Signature Version
/// 4 and 4A.
///
/// Shared by all connections. A request costs a digest of its body, two short ones and an HMAC, or a verification of
/// ECDSA; what is derived from a secret for a day and a scope is kept once it has been right, the secret itself is not.
package final class SignatureVerifier: Sendable {
    /// Who has signed a request.
    package struct Signer: Sendable, Equatable {
        package var accessKeyID: String
        package var user: String
    }

    /// By how much the clocks of client and server may differ, in milliseconds.
    static let skewMax: Int64 = 15 * 60 * 1000
    /// Days and regions are what clients say, so that only so many derived keys are kept.
    private static let derivedKeysMax = 256

    private struct Scope: Hashable {
        var accessKeyID: String
        /// Empty for a key pair, which depends on the access key alone.
        var text: String
    }

    private struct DerivedKeys {
        var signing: [Scope: [UInt8]] = [:]
        var pairs: [String: SignatureVersion4A.PublicKey] = [:]
    }

    private let keyring: any AccessKeyring
    private let services: Set<String>
    private let derived = Mutex(DerivedKeys())

    /// - Parameter services: those that the port serves.
    package init(
        _ keyring: any AccessKeyring,
        services: Set<String> = ["kinesis", "dynamodb", "monitoring"]
    ) {
        self.keyring = keyring
        self.services = services
    }

    /// Of a fixed list of keys.
    package convenience init(
        keys: [RequestSigner.Keys],
        services: Set<String> = ["kinesis", "dynamodb", "monitoring"]
    ) {
        self.init(StaticAccessKeys(keys.map { ($0, nil) }), services: services)
    }

    /// Whether requests without a signature are refused.
    package var isRequired: Bool { self.keyring.isRequired }

    /// - Parameters:
    ///   - bodyDigest: SHA-256 of the body in lower-case hexadecimal digits; asked for when all else is right. What a
    ///     client says in `X-Amz-Content-Sha256` counts for nothing: Kinesis takes no unsigned bodies.
    ///   - now: milliseconds since the epoch.
    /// - Throws: AWS's error of what is wrong; see `KinesisError.Code`.
    package func verify(
        _ parts: SignedParts,
        bodyDigest: () -> String,
        now: Timestamp
    ) throws(KinesisError) -> Signer {
        let signature = try RequestSignature(parts)
        try self.checkScope(signature, target: parts.values(of: "x-amz-target").first)
        try Self.checkTime(signature, now: now)
        guard let credential = self.keyring.credential(signature.accessKeyID),
            SecretBytes.areEqual((credential.sessionToken ?? "").utf8, (signature.sessionToken ?? "").utf8)
        else { throw Self.unrecognized }
        let request = CanonicalRequest(
            parts,
            signedHeaders: signature.signedHeaders,
            isPresigned: signature.isPresigned,
            bodyDigest: bodyDigest()
        )
        let isRight =
            switch signature.algorithm {
            case .hmac(let region): try self.isRight(signature, region, request, credential)
            case .ecdsa: try self.isRight(signature, request, credential)
            }
        guard isRight else {
            throw KinesisError(
                .invalidSignature,
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                    + "Access Key and signing method. Consult the service documentation for details."
            )
        }
        return Signer(accessKeyID: signature.accessKeyID, user: credential.user)
    }

    private static var unrecognized: KinesisError {
        KinesisError(.unrecognizedClient, "The security token included in the request is invalid.")
    }

    // MARK: Signature Version 4

    private func isRight(
        _ signature: RequestSignature,
        _ region: String,
        _ request: CanonicalRequest,
        _ credential: SigningCredential
    ) throws(KinesisError) -> Bool {
        let scope = Scope(accessKeyID: signature.accessKeyID, text: signature.scope)
        let kept = self.derived.withLock { $0.signing[scope] }
        let key: [UInt8]
        if let kept {
            key = kept
        } else {
            guard let secret = credential.secret() else { throw Self.unrecognized }
            key = SignatureVersion4.signingKey(
                secret: secret,
                day: signature.day,
                region: region,
                service: signature.service
            )
        }
        let expected = SignatureVersion4.signature(
            of: request,
            date: signature.date,
            scope: signature.scope,
            key: key
        )
        guard SignatureVersion4.areEqual(expected, signature.signature) else { return false }
        if kept == nil {
            self.derived.withLock { derived in
                if derived.signing.count >= Self.derivedKeysMax { derived.signing = [:] }
                derived.signing[scope] = key
            }
        }
        return true
    }

    // MARK: Signature Version 4A

    private func isRight(
        _ signature: RequestSignature,
        _ request: CanonicalRequest,
        _ credential: SigningCredential
    ) throws(KinesisError) -> Bool {
        let id = signature.accessKeyID
        let kept = self.derived.withLock { $0.pairs[id] }
        let key: SignatureVersion4A.PublicKey
        if let kept {
            key = kept
        } else {
            guard let secret = credential.secret(),
                let derived = SignatureVersion4A.publicKey(accessKeyID: id, secret: secret)
            else { throw Self.unrecognized }
            key = derived
        }
        let text = SignatureVersion4.stringToSign(
            request,
            algorithm: SignatureVersion4A.algorithm,
            date: signature.date,
            scope: signature.scope
        )
        guard key.verifies(signature.signature, of: text) else { return false }
        if kept == nil {
            self.derived.withLock { derived in
                if derived.pairs.count >= Self.derivedKeysMax { derived.pairs = [:] }
                derived.pairs[id] = key
            }
        }
        return true
    }

    // MARK: What surrounds it

    /// The service that an operation belongs to; `nil` for what names none.
    private static func service(ofTarget target: String?) -> String? {
        guard let target else { return nil }
        if target.hasPrefix("Kinesis_") { return "kinesis" }
        return target.hasPrefix("DynamoDB_") ? "dynamodb" : nil
    }

    private func checkScope(_ signature: RequestSignature, target: String?) throws(KinesisError) {
        guard signature.terminator == "aws4_request" else {
            throw KinesisError(
                .invalidSignature,
                "Credential should be scoped with a valid terminator: 'aws4_request', not "
                    + "'\(ConstraintViolations.shortened(signature.terminator))'."
            )
        }
        let service = Self.service(ofTarget: target).flatMap { self.services.contains($0) ? $0 : nil }
        guard self.services.contains(signature.service), service == nil || service == signature.service else {
            throw KinesisError(
                .invalidSignature,
                "Credential should be scoped to correct service: '\(service ?? "kinesis")'."
            )
        }
        switch signature.algorithm {
        case .hmac(""): throw KinesisError(.invalidSignature, "Credential should be scoped to a valid region, not ''.")
        case .ecdsa(""):
            throw KinesisError(.incompleteSignature, "Signature Version 4A requires 'X-Amz-Region-Set'.")
        case .hmac, .ecdsa: break
        }
        guard signature.date.hasPrefix(signature.day), signature.day.utf8.count == 8 else {
            throw KinesisError(
                .invalidSignature,
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                    + "'\(ConstraintViolations.shortened(signature.day))' != '\(signature.date.prefix(8))', from "
                    + "'\(signature.date)'."
            )
        }
    }

    private static func checkTime(_ signature: RequestSignature, now: Timestamp) throws(KinesisError) {
        let current = CalendarTime(now).basicISO8601
        if signature.timestamp > now + Self.skewMax {
            throw KinesisError(
                .invalidSignature,
                "Signature not yet current: \(signature.date) is still later than "
                    + "\(CalendarTime(now + Self.skewMax).basicISO8601) (\(current) + 15 min.)"
            )
        }
        if let expires = signature.expires {
            let end = signature.timestamp + expires * 1000
            guard end >= now else {
                throw KinesisError(
                    .invalidSignature,
                    "Signature expired: \(CalendarTime(end).basicISO8601) is now earlier than \(current)."
                )
            }
        } else if signature.timestamp < now - Self.skewMax {
            throw KinesisError(
                .invalidSignature,
                "Signature expired: \(signature.date) is now earlier than "
                    + "\(CalendarTime(now - Self.skewMax).basicISO8601) (\(current) - 15 min.)"
            )
        }
    }
}
