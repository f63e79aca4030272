internal import NIOCore
internal import NIOHTTP1

/// The headers of answers: those of the answer and those that every answer has.
enum AdminHeaders {
    /// Nothing of another origin is loaded, and no page of another origin shows this one; no type is guessed; no
    /// address of this server is told to others; nothing is kept by caches on the way.
    private static let always: [(name: String, value: String)] = [
        (
            "content-security-policy",
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ]

    static func make(for answer: AdminAnswer, closes: Bool) -> HTTPHeaders {
        var headers = HTTPHeaders()
        if !answer.contentType.isEmpty { headers.add(name: "content-type", value: answer.contentType) }
        // A stream goes out in chunks.
        if answer.status != 204, answer.stream == nil {
            headers.add(name: "content-length", value: String(answer.body.readableBytes))
        }
        for (name, value) in Self.always { headers.add(name: name, value: value) }
        for (name, value) in answer.headers { headers.add(name: name, value: value) }
        if !headers.contains(name: "cache-control") { headers.add(name: "cache-control", value: "no-store") }
        if closes { headers.add(name: "connection", value: "close") }
        return headers
    }
}
