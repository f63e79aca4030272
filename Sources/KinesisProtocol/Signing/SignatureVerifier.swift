package import Model
internal import Synchronization

/// Tells whether requests are signed by one of a list of access keys (Signature Version 4), by header or by query.
///
/// Shared by all connections. A request costs a digest of its body, two short ones and an HMAC; the signing keys of a
/// day and a scope are kept once they have been right.
package final class SignatureVerifier: Sendable {
    /// By how much the clocks of client and server may differ, in milliseconds.
    static let skewMax: Int64 = 15 * 60 * 1000
    /// Days and regions are what clients say, so that only so many signing keys are kept.
    private static let signingKeysMax = 256
    /// What has to be signed: without these a request could be carried out elsewhere or as something else.
    private static let requiredHeaders = ["host", "x-amz-target"]

    private struct Scope: Hashable {
        var accessKeyID: String
        var text: String
    }

    private let keys: [String: RequestSigner.Keys]
    private let services: Set<String>
    private let signingKeys = Mutex<[Scope: [UInt8]]>([:])

    /// - Parameters:
    ///   - keys: of one access key ID the last counts.
    ///   - services: those that the port serves.
    package init(keys: [RequestSigner.Keys], services: Set<String> = ["kinesis", "dynamodb", "monitoring"]) {
        self.keys = Dictionary(keys.map { ($0.accessKeyID, $0) }) { $1 }
        self.services = services
    }

    /// - Parameters:
    ///   - bodyDigest: SHA-256 of the body in lower-case hexadecimal digits; asked for when all else is right.
    ///   - now: milliseconds since the epoch.
    /// - Returns: the access key ID that has signed the request.
    /// - Throws: AWS's error of what is wrong; see `KinesisError.Code`.
    package func verify(
        _ parts: SignedParts,
        bodyDigest: () -> String,
        now: Timestamp
    ) throws(KinesisError) -> String {
        let signature = try RequestSignature(parts)
        try self.checkScope(signature)
        try Self.checkTime(signature, now: now)
        for name in Self.requiredHeaders where !parts.values(of: name).isEmpty {
            guard signature.signedHeaders.contains(name) else {
                throw KinesisError(
                    .invalidSignature,
                    name == "host"
                        ? "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
                        : "'\(name)' must be a 'SignedHeader' in the AWS Authorization."
                )
            }
        }
        guard let keys = self.keys[signature.accessKeyID],
            SignatureVersion4.areEqual(keys.sessionToken ?? "", signature.sessionToken ?? "")
        else {
            throw KinesisError(.unrecognizedClient, "The security token included in the request is invalid.")
        }
        let scope = Scope(accessKeyID: keys.accessKeyID, text: signature.scope)
        let kept = self.signingKeys.withLock { $0[scope] }
        let key =
            kept
            ?? SignatureVersion4.signingKey(
                secret: keys.secretAccessKey,
                day: signature.day,
                region: signature.region,
                service: signature.service
            )
        let request = CanonicalRequest(
            parts,
            signedHeaders: signature.signedHeaders,
            isPresigned: signature.isPresigned,
            bodyDigest: bodyDigest()
        )
        let expected = SignatureVersion4.signature(
            of: request,
            date: signature.date,
            scope: signature.scope,
            key: key
        )
        guard SignatureVersion4.areEqual(expected, signature.signature) else {
            throw KinesisError(
                .invalidSignature,
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                    + "Access Key and signing method. Consult the service documentation for details."
            )
        }
        if kept == nil { self.keep(key, for: scope) }
        return keys.accessKeyID
    }

    private func keep(_ key: [UInt8], for scope: Scope) {
        self.signingKeys.withLock { keys in
            if keys.count >= Self.signingKeysMax { keys = [:] }
            keys[scope] = key
        }
    }

    private func checkScope(_ signature: RequestSignature) throws(KinesisError) {
        guard signature.terminator == "aws4_request" else {
            throw KinesisError(
                .invalidSignature,
                "Credential should be scoped with a valid terminator: 'aws4_request', not '\(signature.terminator)'."
            )
        }
        guard self.services.contains(signature.service) else {
            throw KinesisError(.invalidSignature, "Credential should be scoped to correct service: 'kinesis'.")
        }
        guard !signature.region.isEmpty else {
            throw KinesisError(.invalidSignature, "Credential should be scoped to a valid region, not ''.")
        }
        guard signature.date.hasPrefix(signature.day), signature.day.utf8.count == 8 else {
            throw KinesisError(
                .invalidSignature,
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                    + "'\(signature.day)' != '\(signature.date.prefix(8))', from '\(signature.date)'."
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
