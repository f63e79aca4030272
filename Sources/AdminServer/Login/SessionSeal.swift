internal import Secrets
internal import Synchronization
internal import Text

/// Makes and reads what the cookie of a session holds: who it is, by what it began and until when, signed.
///
/// `1.ID.EXPIRES.SOURCE.USER.CODE`: the ID, the user and the code (HMAC-SHA256 of all before it) in hexadecimal digits,
/// the end in seconds since the epoch; the source is `l`, `p` and the password's name, or `t` and the token's ID, both
/// in hexadecimal digits. The key is random and lives as long as the process: a restart ends all sessions.
final class SessionSeal: Sendable {
    /// What a session began with.
    enum Source: Sendable, Equatable {
        /// The session is over when its user has another password; see `PasswordVerifier.passwordName`.
        case password(name: String)
        case localToken
        /// The session is over when its token is.
        case token(id: String)
    }

    struct Session: Sendable, Equatable {
        var id: String
        var user: String
        var source: Source
        /// Seconds since the epoch.
        var expires: Int64
    }

    static let lifetimeSeconds: Int64 = 8 * 3600
    private static let textBytesMax = 2048
    /// Sessions that were ended before their time; each is forgotten when its time is over.
    private static let endedMax = 10_000

    private let key: SecretBytes
    private let ended = Mutex<[String: Int64]>([:])

    init(key: SecretBytes = .random(count: 32)) { self.key = key }

    func begin(user: String, source: Source, now: Int64) -> (session: Session, text: String) {
        let id = SecretBytes.random(count: 16).withBytes { Hex.text($0) }
        let session = Session(id: id, user: user, source: source, expires: now + Self.lifetimeSeconds)
        let text = "1.\(id).\(session.expires).\(Self.text(source)).\(Hex.text(Array(user.utf8)))"
        return (session, text + "." + self.code(text))
    }

    /// `nil` when it is not a session of this process, or is over.
    func open(_ text: String, now: Int64) -> Session? {
        guard text.utf8.count <= Self.textBytesMax, let dot = text.lastIndex(of: ".") else { return nil }
        let signed = String(text[..<dot])
        guard SecretBytes.areEqual(self.code(signed).utf8, text[text.index(after: dot)...].utf8) else { return nil }
        let parts = signed.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "1", let expires = Int64(parts[2]), expires > now,
            let source = Self.source(parts[3]), let user = HexText.decoded(parts[4])
        else { return nil }
        let id = String(parts[1])
        guard self.ended.withLock({ $0[id] }) == nil else { return nil }
        return Session(id: id, user: user, source: source, expires: expires)
    }

    /// The session is over, although its time is not.
    func end(id: String, now: Int64) {
        self.ended.withLock { ended in
            if ended.count >= Self.endedMax { ended = ended.filter { $0.value > now } }
            // With as many logouts within the life of a session the oldest are given up.
            if ended.count >= Self.endedMax, let first = ended.min(by: { $0.value < $1.value }) {
                ended[first.key] = nil
            }
            ended[id] = now + Self.lifetimeSeconds
        }
    }

    private static func text(_ source: Source) -> String {
        switch source {
        case .password(let name): "p" + Hex.text(Array(name.utf8))
        case .localToken: "l"
        case .token(let id): "t" + Hex.text(Array(id.utf8))
        }
    }

    private static func source(_ text: Substring) -> Source? {
        switch text.first {
        case "p": HexText.decoded(text.dropFirst()).map { .password(name: $0) }
        case "l" where text.count == 1: .localToken
        case "t": HexText.decoded(text.dropFirst()).map { .token(id: $0) }
        default: nil
        }
    }

    private func code(_ text: String) -> String {
        Hex.text(SecretDigest.code(of: Array(text.utf8), key: self.key))
    }
}

/// UTF-8 text in hexadecimal digits.
enum HexText {
    static func decoded(_ digits: Substring) -> String? {
        guard digits.utf8.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        var rest = digits.utf8[...]
        while let high = rest.popFirst(), let low = rest.popFirst() {
            guard let high = Self.value(high), let low = Self.value(low) else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
