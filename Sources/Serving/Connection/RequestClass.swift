/// What a request does to the state that other requests of its connection see; it decides which may overlap.
///
/// A connection's requests take effect one after the other, as Kafka carries them out, and an answer is never older
/// than the answers before it. Two requests may be under way together only where that cannot be noticed:
///
/// | begins while under way | append | read | control |
/// | --- | --- | --- | --- |
/// | **append** | yes | no | no |
/// | **read** | no | no | no |
/// | **control** | no | no | no |
///
/// Appends overlap because what they do (the order of their records) is decided when they begin, and what is
/// outstanding is only that it be durable: producers pipeline five, and one journal write serves them all.
package enum RequestClass: Sendable, Hashable, CaseIterable {
    /// Appends records. Does not begin while the log cannot keep up.
    case append
    /// Reads records. Its answer may be large, so it does not begin while memory is exhausted.
    case read
    /// Everything else: looks at state, or changes it.
    case control
}
