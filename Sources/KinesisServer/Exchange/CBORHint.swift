/// What clients get that speak CBOR, as the AWS SDKs for Java do unless they are told not to: an error that they can
/// read, with what to set.
enum CBORHint {
    static let contentType = "application/x-amz-cbor-1.1"
    static let advice =
        "This server speaks JSON, not CBOR: set CBOR_ENABLED=false or -Daws.cborEnabled=false (AWS SDK for Java 2), "
        + "AWS_CBOR_DISABLE=true (AWS SDK for Java 1)."

    /// - Parameter header: `Content-Type`.
    static func isCBOR(_ header: String) -> Bool {
        header.utf8.count >= Self.contentType.utf8.count
            && header.prefix(Self.contentType.utf8.count).lowercased() == Self.contentType
    }

    /// A map of two texts: `__type` and `message`.
    static let errorBody: [UInt8] =
        [0xA2] + Self.text("__type") + Self.text("SerializationException") + Self.text("message") + Self.text(advice)

    private static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        let head: [UInt8] =
            switch bytes.count {
            case ..<24: [0x60 | UInt8(bytes.count)]
            case ..<256: [0x78, UInt8(bytes.count)]
            default: [0x79, UInt8(truncatingIfNeeded: bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count)]
            }
        return head + bytes
    }
}
