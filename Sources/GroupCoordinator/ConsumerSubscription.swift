/// The topics of a consumer's subscription: the part of `ConsumerProtocolSubscription` that is the same in every
/// version.
///
/// | bytes | field |
/// | --- | --- |
/// | 2 | version, at least 0 |
/// | 4 | topic count |
/// | 2 + n each | topic name |
/// | … | user data, owned partitions (v1), generation (v2), rack (v3): not read |
enum ConsumerSubscription {
    /// `nil` when the bytes are not a subscription. Never reads or allocates beyond them.
    static func topics(in bytes: [UInt8]) -> [String]? {
        var reader = Reader(bytes: bytes[...])
        guard let version = reader.int(bytes: 2), version < 0x8000 else { return nil }
        // A name takes at least two bytes, so the count is checked before anything is reserved.
        guard let count = reader.int(bytes: 4), count <= reader.bytes.count / 2 else { return nil }
        var topics: [String] = []
        topics.reserveCapacity(count)
        for _ in 0..<count {
            guard let length = reader.int(bytes: 2), length < 0x8000,
                let name = reader.take(length)
            else { return nil }
            guard let text = String(validating: name, as: UTF8.self) else { return nil }
            topics.append(text)
        }
        return topics
    }

    private struct Reader {
        var bytes: ArraySlice<UInt8>

        mutating func int(bytes count: Int) -> Int? {
            guard let field = self.take(count) else { return nil }
            return field.reduce(0) { $0 << 8 | Int($1) }
        }

        mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count <= self.bytes.count else { return nil }
            defer { self.bytes = self.bytes.dropFirst(count) }
            return self.bytes.prefix(count)
        }
    }
}
