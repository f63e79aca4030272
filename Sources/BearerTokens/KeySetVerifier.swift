package import Authentication
internal import FoundationEssentials
internal import JWTKit
package import Logging
internal import Synchronization

/// Verifies tokens with the keys of a set in a file or at an HTTPS address, which is read again from time to time and
/// when a token names a key that the set does not have yet.
package final class KeySetVerifier: BearerVerifier {
    /// Where and how often keys are read: Kafka's `sasl.oauthbearer.jwks.endpoint.*`.
    package struct Settings: Sendable {
        package var source: KeySetSource
        package var rules: BearerRules
        /// `refresh.ms`
        package var refreshMilliseconds: Int64
        /// `retry.backoff.ms`; doubles with each failure.
        package var retryMilliseconds: Int64
        /// `retry.backoff.max.ms`
        package var retryMillisecondsMax: Int64

        package init(
            source: KeySetSource,
            rules: BearerRules,
            refreshMilliseconds: Int64,
            retryMilliseconds: Int64,
            retryMillisecondsMax: Int64
        ) {
            self.source = source
            self.rules = rules
            self.refreshMilliseconds = refreshMilliseconds
            self.retryMilliseconds = retryMilliseconds
            self.retryMillisecondsMax = retryMillisecondsMax
        }
    }

    private struct State {
        var keys: TokenKeys?
        /// A token named a key that is not there.
        var isWanted = false
    }

    /// A longer token is refused before anything of it is read.
    package static let tokenBytesMax = 64 << 10
    /// Keys that tokens ask for are looked for at most so often: anybody can make a token that names a key.
    private static let expeditedPause = Duration.seconds(10)
    private static let step = Duration.seconds(1)

    private let settings: Settings
    private let logger: Logger
    private let state = Mutex(State())

    package init(_ settings: Settings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// Reads the keys for the first time.
    ///
    /// - Throws: with the reason, for the person who starts the server.
    package func load() async throws(BearerRefusal) {
        let bytes = try await self.settings.source.read()
        let keys = try await TokenKeys(json: bytes)
        self.state.withLock { $0.keys = keys }
        self.logger.info("keys of tokens read", metadata: ["keys": "\(keys.count)"])
    }

    /// Keeps the keys up to date until the task is cancelled. What cannot be read leaves the keys as they are.
    package func run() async {
        let clock = ContinuousClock()
        var lastAttempt = clock.now
        var pause = Duration.milliseconds(max(1000, self.settings.refreshMilliseconds))
        var retry: Int64 = 0
        while !Task.isCancelled {
            do { try await Task.sleep(for: min(pause, Self.step)) } catch { return }
            let elapsed = clock.now - lastAttempt
            let isWanted = elapsed >= Self.expeditedPause && self.state.withLock { $0.isWanted }
            guard isWanted || elapsed >= pause else { continue }
            lastAttempt = clock.now
            self.state.withLock { $0.isWanted = false }
            do throws(BearerRefusal) {
                try await self.load()
                retry = 0
                pause = .milliseconds(max(1000, self.settings.refreshMilliseconds))
            } catch {
                retry = min(
                    max(self.settings.retryMilliseconds, retry * 2, 1),
                    max(1, self.settings.retryMillisecondsMax)
                )
                pause = .milliseconds(retry)
                self.logger.warning("keys of tokens cannot be read", metadata: ["reason": "\(error.reason)"])
            }
        }
    }

    package func verify(_ token: String, now: Int64) async -> Result<VerifiedBearer, BearerRefusal> {
        do throws(BearerRefusal) {
            return .success(try await self.verified(Array(token.utf8), now: now))
        } catch {
            return .failure(error)
        }
    }

    private func verified(_ token: [UInt8], now: Int64) async throws(BearerRefusal) -> VerifiedBearer {
        guard token.count <= Self.tokenBytesMax else { throw BearerRefusal("the token is too long") }
        let header = try TokenHeader(token: token)
        guard let keys = self.state.withLock({ $0.keys }) else { throw BearerRefusal("there are no keys yet") }
        guard case .verifier(let verifier) = keys.select(header) else {
            self.state.withLock { $0.isWanted = true }
            throw BearerRefusal("no key of the set has the token's ID and algorithm")
        }
        let claims: TokenClaims
        do {
            claims = try await verifier.verify(token, as: TokenClaims.self)
        } catch {
            throw BearerRefusal("the token's signature is wrong")
        }
        return try self.settings.rules.check(claims.values, now: now)
    }
}
